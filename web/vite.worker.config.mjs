import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vite'

// What the pages are, so that with any file the worker changes too: browsers look
// for a new version in the worker alone.
function version() {
  const hash = createHash('sha256')
  for (const name of readdirSync('dist', { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile() && f.name !== 'worker.js')
    .map((f) => join(f.parentPath, f.name))
    .sort()) {
    hash.update(`${name}\0`).update(createHash('sha256').update(readFileSync(name)).digest())
  }
  return hash.digest('base64url')
}

// The worker is built after the pages and into one classic script: its address is
// fixed, and not every browser takes modules there.
export default defineConfig({
  define: { __VERSION__: JSON.stringify(version()) },
  publicDir: false,
  build: {
    target: 'es2022',
    emptyOutDir: false,
    rollupOptions: { input: 'src/worker/worker.ts', output: { format: 'iife', entryFileNames: 'worker.js' } },
  },
})
