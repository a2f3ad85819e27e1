import { defineConfig } from 'oxlint'

// The rooms and who may import whom (docs/architecture.md). An arrow points from the importer:
//   cli | api -> queue -> extract | transform | build | load -> db -> core
// Rooms on the same level never import each other; they meet in queue/.
const ROOMS = ['core', 'db', 'extract', 'transform', 'build', 'load', 'queue', 'api', 'cli', 'sandbox', 'test', 'bench']

const MAY_IMPORT: Record<string, string[]> = {
  core: [],
  db: ['core'],
  extract: ['core'],
  transform: ['core'],
  build: ['core', 'db'],
  load: ['core', 'db'],
  queue: ['core', 'db', 'extract', 'transform', 'build', 'load'],
  api: ['core', 'db', 'extract', 'transform', 'build', 'load', 'queue'],
  cli: ['core', 'db', 'extract', 'transform', 'build', 'load', 'queue', 'api', 'sandbox'],
  sandbox: ['core'],
}

// One home per library: the files that may import it, and the reason.
const LIBRARIES: { pattern: string; homes: string[]; why: string }[] = [
  { pattern: '^luxon$', homes: ['core/'], why: 'luxon lives in core/ only: time zones are applied there' },
  {
    pattern: '^(pg|kysely)($|/)',
    homes: ['db/', 'extract/landing', 'build/', 'load/', 'queue/', 'api/', 'cli/', 'test/', 'bench/'],
    why: 'the database is reached through db/, never from core/, transform/, sandbox/ or a source client',
  },
  { pattern: '^pg-boss$', homes: ['queue/', 'db/schema', 'test/', 'bench/'], why: 'pg-boss lives in queue/ only' },
  { pattern: '^@huggingface/jinja$', homes: ['build/'], why: 'templates are rendered in build/ only' },
  { pattern: '^libpg-query$', homes: ['build/lineage/', 'test/'], why: 'SQL is parsed in build/lineage/ only' },
  { pattern: '^yaml$', homes: ['core/config', 'build/', 'test/'], why: 'YAML is read by core/config and build/ only' },
  {
    pattern: '^csv-parse($|/)',
    homes: ['build/', 'extract/', 'test/'],
    why: 'CSV is read by build/ (seeds) and extract/chevin/ (vehicle files) only',
  },
  { pattern: '^commander$', homes: ['cli/'], why: 'commander lives in cli/ only' },
  { pattern: '^pino$', homes: ['core/logger'], why: 'pino lives in core/logger.ts only' },
  { pattern: '^(@turf/.*|flatbush)$', homes: ['transform/zones/'], why: 'geometry lives in transform/zones/ only' },
  { pattern: '^(xlsx|cfb)$', homes: ['load/xls/', 'test/'], why: 'workbook code lives in load/xls/ only' },
  {
    pattern: '^(ssh2|ssh2-sftp-client)$',
    homes: ['core/sftp/', 'sandbox/sftp/', 'test/'],
    why: 'SSH is spoken by the one client in core/sftp/, which deliveries and readers of files share',
  },
]

const IO_MODULES =
  '^node:(fs|net|http|https|http2|tls|dns|dgram|child_process|worker_threads|cluster|os|timers|readline|stream|process)($|/)'

interface ForbiddenImport {
  regex: string
  message: string
}

function forbiddenRooms(room: string, alsoAllowed: string[]): ForbiddenImport[] {
  const allowed = new Set([room, ...(MAY_IMPORT[room] ?? ROOMS), ...alsoAllowed])
  const forbidden = ROOMS.filter((other) => !allowed.has(other))
  if (forbidden.length === 0) return []
  const may = [...(MAY_IMPORT[room] ?? []), ...alsoAllowed].join(', ') || 'nothing of ours'
  return [
    {
      regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
      message: `${room}/ may import ${may}. Let the two rooms meet in queue/ (docs/architecture.md, "Rooms").`,
    },
  ]
}

function forbiddenLibraries(path: string): ForbiddenImport[] {
  return LIBRARIES.filter((library) => !library.homes.some((home) => path.startsWith(home))).map((library) => ({
    regex: library.pattern,
    message: `${library.why} (docs/architecture.md, "One home per library").`,
  }))
}

function importRule(room: string, path = `${room}/`, extra: ForbiddenImport[] = [], alsoAllowed: string[] = []) {
  const patterns = [...forbiddenRooms(room, alsoAllowed), ...forbiddenLibraries(path), ...extra]
  const rule: ['error', { patterns: ForbiddenImport[] }] = ['error', { patterns }]
  return { 'no-restricted-imports': rule }
}

function impureGlobals(): ['error', ...{ name: string; message: string }[]] {
  const message = 'transform/ is pure: no clock, network, process or console; take it as an argument.'
  const names = ['Date', 'fetch', 'setTimeout', 'setInterval', 'process', 'console']
  return ['error', ...names.map((name) => ({ name, message }))]
}

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['node_modules', '.milepost', 'target', 'db/schema.ts', 'db/marts.ts'],
  options: { typeAware: true },
  rules: {
    'no-console': 'error',
    'no-empty': ['error', { allowEmptyCatch: false }],
    'no-await-in-loop': 'off', // pages, windows and migrations are sequential on purpose
    'node/no-process-env': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-explicit-any': 'error',
    // Rows of our own tables and members of parsed JSON are named by assertion where they are read.
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    'import/no-named-as-default-member': 'off', // fc.property is how fast-check is written
    'unicorn/consistent-function-scoping': 'off',
    'vitest/require-to-throw-message': 'off',
    'vitest/no-conditional-expect': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
  },
  overrides: [
    ...Object.keys(MAY_IMPORT).map((room) => ({ files: [`${room}/**/*.ts`], rules: importRule(room) })),
    { files: ['core/config*.ts'], rules: { ...importRule('core', 'core/config'), 'node/no-process-env': 'off' } },
    { files: ['core/logger.ts'], rules: importRule('core', 'core/logger') },
    { files: ['extract/landing*.ts'], rules: importRule('extract', 'extract/landing', [], ['db']) },
    {
      files: ['extract/*/**/*.ts'],
      rules: importRule('extract', 'extract/source', [
        {
          regex: '^\\.\\./[a-z]',
          message: 'A source folder under extract/ stands alone: no import from another source or from landing.ts.',
        },
      ]),
    },
    {
      files: ['transform/**/*.ts'],
      rules: {
        ...importRule('transform', 'transform/', [
          {
            regex: IO_MODULES,
            message: 'transform/ is pure: no files, network, processes or timers (docs/architecture.md, "Rooms").',
          },
          {
            regex: '/core/(config|logger|clock)\\.ts$',
            message: 'transform/ is pure: pass values in, log and read the clock outside.',
          },
        ]),
        'no-restricted-globals': impureGlobals(),
      },
    },
    { files: ['transform/zones/**/*.ts'], rules: importRule('transform', 'transform/zones/') },
    { files: ['build/lineage/**/*.ts'], rules: importRule('build', 'build/lineage/') },
    { files: ['load/xls/**/*.ts'], rules: importRule('load', 'load/xls/') },
    { files: ['core/sftp/**/*.ts'], rules: importRule('core', 'core/sftp/') },
    { files: ['sandbox/sftp/**/*.ts'], rules: importRule('sandbox', 'sandbox/sftp/') },
    { files: ['cli/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
    { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'node/no-process-env': 'off' } },
  ],
})
