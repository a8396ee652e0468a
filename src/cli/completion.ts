import { optionsOf, verbs } from './table.ts';
import type { VerbRow } from './verb-row.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** A script that completes verbs, options and fixed words of arguments in a shell; made from the table of verbs. */
export function completionScript(shell: Shell): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell]();
}

function optionWords(verb: VerbRow): string[] {
  return optionsOf(verb).map((option) => `--${option.name}`);
}

function argumentWords(verb: VerbRow): string[] {
  return [...new Set(verb.arguments.flatMap((row) => row.choices ?? []))];
}

function bashScript(): string {
  const cases = verbs.map(
    (verb) => `    ${verb.name}) words='${[...argumentWords(verb), ...optionWords(verb), '--help'].join(' ')}' ;;`,
  );
  return `# bash completion for ezlm; source it, or put it into /etc/bash_completion.d
_ezlm() {
  local current="\${COMP_WORDS[COMP_CWORD]}" verb='' words='' at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
    --home) ((at++)) ;;
    -*) ;;
    *) verb="\${COMP_WORDS[at]}"; break ;;
    esac
  done
  case "$verb" in
    '') words='${verbs.map((verb) => verb.name).join(' ')} --help --version' ;;
${cases.join('\n')}
  esac
  # shellcheck disable=SC2207 # words have no blanks
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ezlm ezlm
`;
}

function zshScript(): string {
  const described = verbs.map((verb) => `    '${verb.name}:${quoted(verb.meaning)}'`);
  const cases = verbs.map((verb) => {
    const options = optionsOf(verb).map(
      (option) => `'--${option.name}[${bracketed(option.meaning)}]${option.type === 'flag' ? '' : ':value:_files'}'`,
    );
    const words = argumentWords(verb);
    const rest = words.length === 0 ? `'*:argument:_files'` : `'*:argument:(${words.join(' ')})'`;
    return `    ${verb.name}) _arguments ${[...options, rest].join(' ')} ;;`;
  });
  return `#compdef ezlm
# zsh completion for ezlm; put it as _ezlm into a directory of $fpath
_ezlm() {
  local -a verbs
  verbs=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'verb' verbs
    return
  fi
  local verb="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$verb" in
${cases.join('\n')}
  esac
}
compdef _ezlm ezlm
`;
}

function fishScript(): string {
  const lines = verbs.flatMap((verb) => [
    `complete -c ezlm -n __fish_use_subcommand -f -a ${verb.name} -d '${quoted(verb.meaning)}'`,
    ...optionsOf(verb).map((option) => {
      const value = option.type === 'flag' ? '' : ' -r';
      return `complete -c ezlm -n '__fish_seen_subcommand_from ${verb.name}' -l ${option.name}${value} -d '${quoted(option.meaning)}'`;
    }),
    ...argumentWords(verb).map((word) => `complete -c ezlm -n '__fish_seen_subcommand_from ${verb.name}' -a ${word}`),
  ]);
  return `# fish completion for ezlm; put it into ~/.config/fish/completions/ezlm.fish\n${lines.join('\n')}\n`;
}

// Within single quotes of every shell here, an apostrophe would end the text.
function quoted(text: string): string {
  return text.replaceAll("'", '’');
}

function bracketed(text: string): string {
  return quoted(text).replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ' -');
}
