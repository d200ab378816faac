/** Runs the tests on the TypeScript sources; swc strips the types, `npm run types` checks them. */
export default {
  // The tests keep every core busy. With more workers than cores, processes under test would miss their deadlines.
  maxWorkers: '100%',
  // Modules of finished test files stay in memory, and the coverage of each file searches them all.
  workerIdleMemoryLimit: '400MB',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: true },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/lib', '<rootDir>/dist'],
  setupFiles: ['<rootDir>/__tests__/support/environment.ts', '<rootDir>/__tests__/support/loopback.ts'],
  // The bundle waits three seconds before it looks at a new table, and twice in some tests.
  testTimeout: 30_000,
  collectCoverageFrom: ['src/**/*.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text', 'json-summary'],
  coverageThreshold: { global: { lines: 95, branches: 95 } },
}
