import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'

// A phone at a counter loads the verifier before it verifies anything: 15 kB compressed
// at most, a kB being 1,000 bytes. What reads captured documents is a part of its own,
// and comes only where there is one; so is what reads where things were measured.
test('the verifier is small', { timeout: 60_000 }, async () => {
  const built = await build({ configFile: 'vite.verifier.config.ts', logLevel: 'warn', build: { write: false } })
  const [result] = [built].flat()
  if (!result || !('output' in result)) throw new Error('nothing was built')
  const chunks = new Map(result.output.flatMap((o) => (o.type === 'chunk' ? [[o.fileName, o]] : [])))
  const needed = new Set(['verifier.js'])
  for (const name of needed) for (const other of chunks.get(name)?.imports ?? []) needed.add(other)
  const size = (names: Iterable<string>) =>
    [...names].reduce((n, name) => n + gzipSync(chunks.get(name)?.code ?? '', { level: 9 }).length, 0)
  const first = size(needed)
  const part = (name: string) => size([...chunks.keys()].filter((file) => !needed.has(file) && file.startsWith(name)))
  const [documents, measured] = [part('captured'), part('measured')]
  console.info(`verifier ${first} bytes, documents ${documents} bytes, measured ${measured} bytes (gzip)`)
  expect(chunks.size).toBe(needed.size + 2)
  expect(first).toBeGreaterThan(10_000)
  expect(first).toBeLessThanOrEqual(15_000)
  expect(documents).toBeGreaterThan(1000)
  expect(documents).toBeLessThanOrEqual(9_950)
  expect(measured).toBeGreaterThan(500)
  expect(measured).toBeLessThanOrEqual(1_500)
})
