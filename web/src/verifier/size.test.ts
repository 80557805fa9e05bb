import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'

// A phone at a counter loads the verifier before it verifies anything: 15 kB compressed
// at most, a kB being 1,000 bytes. What reads captured documents is a part of its own,
// and comes only where there is one.
test('the verifier is small', { timeout: 60_000 }, async () => {
  const built = await build({ configFile: 'vite.verifier.config.ts', logLevel: 'warn', build: { write: false } })
  const [result] = [built].flat()
  if (!result || !('output' in result)) throw new Error('nothing was built')
  const chunks = new Map(result.output.flatMap((o) => (o.type === 'chunk' ? [[o.fileName, o]] : [])))
  const needed = new Set(['verifier.js'])
  for (const name of needed) for (const other of chunks.get(name)?.imports ?? []) needed.add(other)
  const size = (names: Iterable<string>) =>
    [...names].reduce((n, name) => n + gzipSync(chunks.get(name)?.code ?? '', { level: 9 }).length, 0)
  const [first, later] = [size(needed), size([...chunks.keys()].filter((name) => !needed.has(name)))]
  console.info(`verifier ${first} bytes, documents ${later} bytes (gzip)`)
  expect(first).toBeGreaterThan(10_000)
  expect(first).toBeLessThanOrEqual(15_000)
  expect(later).toBeGreaterThan(1000)
  expect(later).toBeLessThanOrEqual(9_750)
})
