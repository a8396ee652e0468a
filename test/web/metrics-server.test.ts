import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Pages, serveMetrics } from '../../src/web/metrics-server.ts';

const good: Pages = { metrics: async () => ({ type: 'text/x', text: 'a 1\n' }), unready: async () => undefined };

async function start(t: TestContext, pages: Pages, place = '127.0.0.1:0'): Promise<string> {
  const started = await serveMetrics(place, pages);
  assert.ok(started.ok);
  t.after(() => started.value.close());
  return started.value.url;
}

test('metrics, health and readiness are told; the rest is not there', async (t) => {
  const url = await start(t, good);
  const table: [method: string, path: string, code: number, text: string][] = [
    ['GET', '/metrics', 200, 'a 1\n'],
    ['GET', '/metrics?x=1', 200, 'a 1\n'],
    ['HEAD', '/metrics', 200, ''],
    ['GET', '/health', 200, 'ok\n'],
    ['GET', '/ready', 200, 'ready\n'],
    ['GET', '/', 404, 'there are /metrics, /health and /ready\n'],
    ['GET', '/__proto__', 404, 'there are /metrics, /health and /ready\n'],
    ['POST', '/metrics', 405, 'only GET is answered\n'],
  ];
  for (const [method, path, code, text] of table) {
    const response = await fetch(url + path, { method });
    assert.equal(response.status, code, `${method} ${path}`);
    assert.equal(await response.text(), text);
  }
  assert.equal((await fetch(`${url}/metrics`)).headers.get('content-type'), 'text/x');
});

test('a daemon that stops, or whose storage fails or hangs, is healthy and not ready', async (t) => {
  const table: [unready: Pages['unready'], text: RegExp][] = [
    [async () => 'the daemon is being stopped', /being stopped/],
    [() => Promise.reject(new Error('the disk is full')), /the disk is full/],
    [() => new Promise(() => {}), /does not answer in time/],
  ];
  await Promise.all(
    table.map(async ([unready, text]) => {
      const url = await start(t, { metrics: () => unready().then(() => ({ type: '', text: '' })), unready });
      const response = await fetch(`${url}/ready`);
      assert.equal(response.status, 503);
      assert.match(await response.text(), text);
      assert.equal((await fetch(`${url}/health`)).status, 200);
    }),
  );
});

test('a taken port is told, and what is no HTTP is cut off', async (t) => {
  const url = await start(t, good);
  const place = url.slice('http://'.length);
  const again = await serveMetrics(place, good);
  assert.ok(!again.ok);
  assert.match(again.failure.text, new RegExp(`cannot be served at ${place}: .*EADDRINUSE`));
  const socket = connect({ port: Number(place.split(':')[1]), host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.end('EHLO there\r\n');
  await once(socket.resume(), 'close');
  assert.equal((await fetch(`${url}/health`)).status, 200);
});

test('it listens on ::1 too', async (t) => {
  const started = await serveMetrics('[::1]:0', good);
  if (!started.ok) return t.skip(started.failure.text);
  t.after(() => started.value.close());
  assert.equal((await fetch(`${started.value.url}/health`)).status, 200);
});
