import { defineConfig } from 'vitest/config'

// `unit` needs nothing but Node and runs in `npm run check`; `integration` talks to a real Postgres (`.db.test.ts`);
// `long` does too, for half a minute or more a file (`.long.test.ts`): `npm run test:long`, not `npm test`.
const WITH_SERVER = {
  globalSetup: ['test/support/server.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  maxWorkers: 2,
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{db,long}.test.ts'],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.db.test.ts'],
          ...WITH_SERVER,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { name: 'long', include: ['test/**/*.long.test.ts'], ...WITH_SERVER, sequence: { groupOrder: 2 } } },
    ],
  },
})
