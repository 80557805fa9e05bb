import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'

// A phone at a counter loads the verifier before it loads anything else. What reads
// captured documents is a part of its own, and comes only where there is one.
test('the verifier is small', { timeout: 60_000 }, async () => {
  const built = await build({ configFile: 'vite.verifier.config.ts', logLevel: 'warn', build: { write: false } })
  const [result] = [built].flat()
  if (!result || !('output' in result)) throw new Error('nothing was built')
  const size = new Map(result.output.map((o) => [o.fileName, o.type === 'chunk' ? gzipSync(o.code, { level: 9 }).length : 0]))
  const entry = size.get('verifier.js') ?? 0
  const rest = [...size.values()].reduce((n, s) => n + s, 0) - entry
  console.info(`verifier ${entry} bytes, documents ${rest} bytes (gzip)`)
  expect(entry).toBeGreaterThan(1000)
  expect(entry).toBeLessThanOrEqual(15_000)
  expect(rest).toBeLessThanOrEqual(15_000)
})
