import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: 'tests/support/unpack.ts',
    // onnxruntime-node's native threads do not survive the end of a worker thread
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
