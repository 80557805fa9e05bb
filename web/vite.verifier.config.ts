import { defineConfig } from 'vite'

// The verifier as a module of its own, for Node: the Go test holds it against package
// theriac (web/verifier).
export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    modulePreload: false,
    outDir: 'out',
    // What the documents' part shares with the rest is in the rest, and bundlers are told
    // nothing in comments, as in the page.
    rollupOptions: { preserveEntrySignatures: 'allow-extension', output: { minify: true, comments: false } },
    lib: { entry: 'src/verifier/index.ts', formats: ['es'], fileName: 'verifier' },
  },
})
