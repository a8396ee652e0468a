import type { Row } from './reason-words.ts';

/** Letters with marks are what a wrong charset breaks first: any one or two characters, or an entity of HTML, may stand for one. */
function words(pattern: string): RegExp {
  return new RegExp(pattern.replace(/[\u00c0-\u024f]/g, '(?:&\\w{2,8};|.{1,2})'), 'i');
}

/** What hosts say in languages other than English, most of all Exchange, Outlook.com and the large providers of a country. */
export const tongueRows: readonly Row[] = [
  {
    reason: 'mailboxfull',
    text: words(
      'postfach[^.\\n]{0,60}(?:\\bvoll|überfüllt|speicher|quota|limit)|speicherplatz[^.\\n]{0,60}(?:erschöpft|überschritten|voll)|boîte (?:aux lettres|de réception|mail)?[^.\\n]{0,60}(?:pleine|saturée)|quota[^.\\n]{0,40}(?:dépassé|überschritten|superat|excedid)|buzón[^.\\n]{0,60}(?:lleno|llena|excedid|cuota)|casilla[^.\\n]{0,40}llena|casella[^.\\n]{0,60}piena|caixa (?:de correio|postal|de entrada)[^.\\n]{0,60}(?:cheia|lotada|quota)|postvak[^.\\n]{0,40}\\bvol\\b|skrzynka[^.\\n]{0,60}(?:pełna|przepełniona)|schránka[^.\\n]{0,40}pln|postlådan?[^.\\n]{0,40}full|postkassen?[^.\\n]{0,40}\\b(?:full|fuld)|postafiók[^.\\n]{0,40}(?:megtelt|betelt)|căsuța[^.\\n]{0,40}plină|תיבת[^.\\n]{0,30}מלאה|γραμματοκιβώτιο[^.\\n]{0,40}πλήρες|hộp thư[^.\\n]{0,30}đầy|صندوق[^.\\n]{0,40}ممتلئ|sähköpostilaatikko[^.\\n]{0,40}täynnä|posta kutusu[^.\\n]{0,40}dolu|邮箱[^。\\n]{0,12}(?:已满|空间不足|容量)|(?:信箱|郵箱|郵件信箱)[^。\\n]{0,12}(?:已滿|容量|空間不足)|メールボックス[^。\\n]{0,20}(?:一杯|いっぱい|満杯|容量|フル)|受信(?:箱|トレイ)[^。\\n]{0,20}(?:一杯|いっぱい)|容量(?:を|が)?(?:超|オーバー)|ящик[^.\\n]{0,40}(?:переполнен|заполнен)|квот[^.\\n]{0,30}превыш|скриньк[^.\\n]{0,40}переповнен|메일함[^.\\n]{0,20}(?:가득|용량)|편지함[^.\\n]{0,20}(?:가득|용량)|용량[^.\\n]{0,10}초과',
    ),
  },
  {
    reason: 'suspend',
    text: words(
      '(?:postfach|konto|benutzer|account)[^.\\n]{0,40}(?:deaktiviert|gesperrt|stillgelegt)|compte[^.\\n]{0,40}(?:désactivé|suspendu|bloqué|fermé)|cuenta[^.\\n]{0,40}(?:desactivad|suspendid|bloquead|deshabilitad)|account[^.\\n]{0,40}(?:disabilitato|sospeso)|conta[^.\\n]{0,40}(?:desativad|suspens|bloquead)|ящик[^.\\n]{0,40}(?:заблокирован|отключен)|账[户号][^。\\n]{0,10}(?:停用|冻结|禁用)|帳[戶號][^。\\n]{0,10}(?:停用|凍結)|アカウント[^。\\n]{0,20}(?:停止|無効)',
    ),
  },
  {
    reason: 'hostunknown',
    text: words(
      '(?:domäne?|domain|rechnername|hostname)[^.\\n]{0,40}(?:nicht gefunden|existiert nicht|unbekannt|nicht vorhanden)|(?:domaine|serveur)[^.\\n]{0,40}(?:introuvable|inconnu|n.existe pas)|dominio[^.\\n]{0,40}(?:no existe|no se encontr|desconocid|non esiste|inesistente|sconosciuto)|domínio[^.\\n]{0,40}(?:não existe|não encontrad|inexistente)|домен[^.\\n]{0,40}(?:не существует|не найден)|域名[^。\\n]{0,10}(?:不存在|错误|無法|无法)|網域[^。\\n]{0,10}不存在|ドメイン[^。\\n]{0,12}(?:存在しません|見つかりません)|도메인[^.\\n]{0,12}(?:존재하지|없)',
    ),
  },
  {
    reason: 'userunknown',
    text: words(
      '(?:empfänger|benutzer|adresse|nutzer|mailbox|postfach|konto|teilnehmer)[^.\\n]{0,80}(?:unbekannt|nicht gefunden|existiert nicht|gibt es nicht|nicht vorhanden|ist ungültig|nicht bekannt|nicht aufgef|nicht (?:mehr )?gültig|existiert nicht mehr)|nicht im (?:domino|adress)[^\\n]{0,20}verzeichnis|unbekannter? (?:empfänger|benutzer|nutzer|adresse)|kein (?:konto|postfach|benutzer)[^.\\n]{0,40}(?:vorhanden|gefunden|diesem namen)|(?:destinataire|utilisateur|adresse|boîte|compte)[^.\\n]{0,80}(?:inconnue?|introuvable|n.existe (?:pas|plus)|est invalide|n.est pas valide|n.a (?:pas )?pu être trouv)|(?:usuario|destinatario|dirección|cuenta|buzón)[^.\\n]{0,60}(?:no existe|desconocid|no (?:se )?(?:ha )?(?:encontr|encuentra)|no es válid|inexistente)|no se (?:ha )?encontr(?:ó|ado) (?:la dirección|el (?:destinatario|usuario|buzón))|usuario desconocido|(?:utente|destinatario|indirizzo|casella)[^.\\n]{0,60}(?:sconosciut|inesistente|non esiste|non (?:è )?(?:stato )?trovat|non valid)|(?:usuário|utilizador|destinatário|endereço|conta)[^.\\n]{0,60}(?:desconhecid|não existe|inexistente|não (?:foi )?encontrad|inválid)|(?:e-?mailadres|gebruiker|geadresseerde|ontvanger|postvak)[^.\\n]{0,60}(?:onbekend|bestaat niet|niet (?:worden )?gevonden|ongeldig)|onbekende (?:gebruiker|ontvanger)|(?:adresat|użytkownik|skrzynka|odbiorca)[^.\\n]{0,60}(?:nie istnieje|nieznany|nie znaleziono)|(?:uživatel|adresát|příjemce|schránka|adresa)[^.\\n]{0,60}(?:neexistuje|neznám)|(?:mottagaren|användaren|e-?post(?:adressen)?|adressen|mottakeren|brukeren|modtageren|mailadressen)[^.\\n]{0,60}(?:finns inte|hittades inte|finnes ikke|ble ikke funnet|findes ikke|blev ikke fundet|okänd|ukjent|ukendt)|(?:vastaanottaja|osoite)[^.\\n]{0,60}(?:ei löyty|tuntematon)|(?:címzett|felhasználó|cím)[^.\\n]{0,60}(?:nem található|nem létezik|ismeretlen)|(?:destinatarul|utilizatorul|adresa)[^.\\n]{0,60}(?:nu există|necunoscut|nu a fost găsit)|(?:χρήστης|παραλήπτης|διεύθυνση)[^.\\n]{0,60}(?:δεν υπάρχει|άγνωστ|δεν βρέθηκε)|(?:המשתמש|הנמען|הכתובת)[^.\\n]{0,40}(?:לא קיי?ם|לא נמצא|אינ[הו] קיי)|(?:المستخدم|المستلم|العنوان)[^.\\n]{0,40}(?:غير موجود|غير معروف)|(?:người (?:dùng|nhận)|địa chỉ)[^.\\n]{0,40}(?:không tồn tại|không tìm thấy)|(?:kullanıcı|alıcı|adres)[^.\\n]{0,60}(?:bulunamadı|mevcut değil|geçersiz)|(?:пользовател|адресат|получател|ящик|адрес)[^.\\n]{0,60}(?:не существует|не найден|неизвест|не зарегистрирован|не обнаружен)|неизвестный (?:пользователь|получатель)|нет такого (?:пользователя|адреса|ящика)|(?:такого|данного) (?:пользователя|ящика|адреса)|користувач[^.\\n]{0,40}не (?:існує|знайдено)|(?:收件人|用户|用戶|使用者|邮箱|邮件地址|郵件地址|地址|帐号|账号|帳號|收件者)[^。\\n]{0,20}(?:不存在|未找到|找不到|无效|無效|错误|錯誤|未知)|(?:不存在|找不到)(?:此|该|該)?(?:用户|用戶|收件人|收件者|邮箱)|(?:宛先|ユーザー?|アドレス|受信者|メールボックス|アカウント)[^。\\n]{0,30}(?:見つかりません|見つからない|存在しません|存在しない|不明|間違)|(?:사용자|수신자|주소|계정|메일)[^.\\n]{0,30}(?:존재하지|찾을 수 없|없습니다|잘못)|존재하지 않는',
    ),
  },
  {
    reason: 'userunknown',
    text: /(?:address|mailbox|account)\b[^;\n]{0,120} is no longer (?:valid|in use|active)|(?:person|employee|user|he|she) (?:has left|no longer works|is no longer (?:with|employed))/i,
  },
  { reason: 'networkerror', text: /no route found to domain/i },
  {
    reason: 'mesgtoobig',
    text: words(
      '(?:nachricht|e-?mail)[^.\\n]{0,40}zu gro(?:ß|ss)|message[^.\\n]{0,40}trop (?:volumineux|gros|grand)|mensaje[^.\\n]{0,40}(?:demasiado grande|tamaño)|messaggio[^.\\n]{0,40}troppo grande|mensagem[^.\\n]{0,40}(?:muito grande|excede)|(?:邮件|郵件)[^。\\n]{0,10}(?:过大|過大|大小超)|サイズ[^。\\n]{0,20}(?:超|大き)',
    ),
  },
  {
    reason: 'expired',
    text: words(
      'zeitüberschreitung|zustellung[^.\\n]{0,40}(?:abgelaufen|verzögert)|nicht innerhalb|délai[^.\\n]{0,40}(?:dépassé|expiré)|tiempo[^.\\n]{0,40}(?:agotado|excedido|espera)|tempo[^.\\n]{0,40}(?:scaduto|esgotado)|истекло? время|превышено время|投递超时|连接超时|逾時|タイムアウト|時間切れ|시간 초과',
    ),
  },
  {
    reason: 'spamdetected',
    text: words(
      'als (?:spam|werbung)|considéré comme (?:spam|indésirable)|courrier indésirable|correo no deseado|posta indesiderata|垃圾邮件|垃圾郵件|迷惑メール|스팸|спам',
    ),
  },
  {
    reason: 'norelaying',
    text: words('relay[^.\\n]{0,30}(?:nicht erlaubt|verweigert|refusé|denegado|negato)'),
  },
  {
    reason: 'rejected',
    text: words(
      'absender[^.\\n]{0,40}(?:abgelehnt|gesperrt|nicht akzeptiert)|expéditeur[^.\\n]{0,40}(?:rejeté|refusé)|remitente[^.\\n]{0,40}(?:rechazado|bloqueado)|送信者[^。\\n]{0,20}拒否|发件人[^。\\n]{0,12}拒',
    ),
  },
];

/** Words by which a host says in such a language that mail did not arrive. */
export const failureTongues = words(
  'unzustellbar|nicht (?:zu|aus)gestellt|nicht (?:ü|ue)bermittelt|(?:fehler|problem) (?:bei|mit) der (?:nachrichten)?(?:zustellung|übermittlung)|zustellung[^.\\n]{0,60}(?:fehlgeschlagen|nicht möglich|gescheitert)|nicht erreicht|non remis|remise[^.\\n]{0,30}(?:échec|impossible)|échec (?:de|à) (?:la )?(?:remise|distribution|livraison)|non distribu|n.a (?:pas )?pu être (?:remis|distribu|livr|envoy|délivr)|no se (?:ha )?(?:pudo|puede|podido) (?:entregar|realizar la entrega|enviar)|no (?:ha sido )?entregad|mensaje (?:devuelto|rechazado)|correo devuelto|error (?:de|en la) entrega|mancat[ao] (?:consegna|recapito)|non (?:è stato )?(?:consegnat|recapitat)|impossibile (?:recapitare|consegnare)|não (?:foi )?(?:possível entregar|pôde ser entregue|entregue)|mensagem devolvida|falha (?:na|de) entrega|onbestelbaar|niet (?:worden )?(?:bezorgd|afgeleverd)|nie (?:można|udało się) dostarczyć|niedostarczon|zwrot wiadomości|nedoručen|nelze doručit|kunde inte levereras|leveransen misslyckades|kunne ikke (?:leveres|sendes)|levering mislykkedes|levering mislyktes|(?:doručení|zprávu)[^.\\n]{0,60}nezdařilo|kézbesíthet|nem sikerült kézbesíteni|nu a putut fi livrat|nelivrat|δεν παραδόθηκε|δεν ήταν δυνατή η παράδοση|לא נמסר|تعذر (?:تسليم|توصيل)|لم يتم تسليم|không (?:thể gửi|gửi được)|ej levererat|kan inte levereras|toimitus epäonnistui|iletilemedi|teslim edilemedi|не(?:возможно|может| может| могло| удалось)?[^.\\n]{0,20}(?:доставлен|доставить)|недоставлен|ошибка доставки|退信|退回|无法(?:投递|送达|发送)|無法(?:投遞|送達|傳送|遞送)|投递失败|发送失败|配(?:信|送)(?:でき|され|に失敗)|(?:送信|配信|配送)(?:に|が)?(?:失敗|エラー|できません)|メールエラー|エラー通知|届け(?:でき|られ)|お届けでき|전송하지 못|전송 실패|배달되지|배달할 수 없|반송',
);

/** Words by which a host says that it goes on trying. */
export const delayTongues = words(
  'verzögert|noch nicht (?:zugestellt|übermittelt)|weiter versucht|retardé|pas encore (?:été|pu)|retrasad|demorad|todavía no|aún no|ritardat|non è ancora|adiad[ao]|atrasad|ainda não|vertraagd|nog niet|opóźnion|zpožd|fördröj|forsink|viivästy|gecik|задерж|ещ[её] не доставлен|延迟|延遲|尚未|遅延|遅れて|まだ(?:配信|届)|지연',
);

/** What answering machines, and those that ask whether one is a person, say, when they have no other mark than the null sender. */
export const machineWords = words(
  '\\b(?:verification|verify that|guest list|waitlisted|whitelist|human being|click (?:here|the link)|action required|approved senders?|challenge|urlaub|nicht im (?:büro|hause)|vacances|congés|vacaciones|in ferie|férias|vakantie|semester|holiday|on leave|away from)|отпуск|休假|休暇|不在',
);

/** How answering machines begin a subject. */
export const answerTongues = words(
  '^(?:abwesen|automatische (?:antwort|e-?mail|rückantwort)|autom\\. antwort|auto(?:matic)?[- ]?(?:reply|response|antwort)|réponse automatique|absence|absent|respuesta automática|autorrespuesta|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)|resposta automática|ausência|automatisch antwoord|afwezig|autosvar|automatiskt? svar|automatyczna odpowiedź|automatická odpověď|automaattinen vastaus|otomatik yanıt|автоответ|自动回复|自動回覆|自動返信|不在通知|자동 ?회신|부재중)',
);
