import { defineConfig } from 'vite'

export default defineConfig({
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Nothing inline: the content security policy allows our own files only.
    assetsInlineLimit: 0,
    rollupOptions: { input: { verify: 'index.html', console: 'console.html' } },
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8080' } },
})
