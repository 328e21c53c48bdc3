import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  test: {
    globalSetup: 'tests/support/unpack.ts',
    // onnxruntime-node's native threads do not survive the end of a worker thread
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          maxWorkers: 2,
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/e2e/**'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        // A browser, a studio and its engine each: one after another, or they starve each other.
        test: {
          name: 'whole',
          include: ['tests/e2e/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
