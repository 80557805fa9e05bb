import { defineConfig } from 'vite'

const ofConsole = (ids: readonly string[]) => ids.length > 0 && ids.every((id) => id.includes('/src/console/'))

export default defineConfig({
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Nothing inline: the content security policy allows our own files only.
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { verify: 'index.html', console: 'console.html' },
      // The worker keeps for later what is not the console's; it tells by the name.
      output: { chunkFileNames: (c) => `assets/${ofConsole(c.moduleIds) ? 'console-' : ''}[name]-[hash].js` },
    },
  },
  // The evidence of the self-test is the tests'.
  server: { fs: { allow: ['..'] }, proxy: { '/v1': 'http://127.0.0.1:8080' } },
})
