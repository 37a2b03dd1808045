import { defineConfig } from 'vite';

// Everything is a file of its own with a hash in its name: the server's content policy allows nothing inline.
export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: false, sourcemap: false },
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8188', '/s/': 'http://127.0.0.1:8188' } },
});
