export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/scripts/jest-esbuild.mjs' },
  testTimeout: 60_000,
  // Jest leaves a core free by default: of two, that is half the machine.
  maxWorkers: '100%',
  globalSetup: '<rootDir>/__tests__/support/global-setup.mjs',
  globalTeardown: '<rootDir>/__tests__/support/global-teardown.mjs',
  coverageProvider: 'v8',
};
