import { defineConfig } from 'vite'

// The verifier as a module of its own, for Node: the Go test holds it against package
// theriac (web/verifier).
export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    outDir: 'out',
    lib: { entry: 'src/verifier/index.ts', formats: ['es'], fileName: 'verifier' },
  },
})
