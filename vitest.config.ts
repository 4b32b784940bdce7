import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most of the waiting is for other processes.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // noble says this of every stray packet that the fuzz tests send it.
    onConsoleLog: (log) => !log.startsWith('noble warning'),
  },
});
