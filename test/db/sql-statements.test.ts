import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitStatements } from '../../db/sql-statements.ts'

describe('an SQL script is split', () => {
  test.for([
    { name: 'at semicolons', script: 'select 1;\nselect 2', expected: ['select 1;', 'select 2'] },
    {
      name: 'not in quotes',
      script: `select ';', ";", 'it''s;';select 2;`,
      expected: [`select ';', ";", 'it''s;';`, 'select 2;'],
    },
    {
      name: 'not in escape strings',
      script: `select E'\\';', e'a''\\\\';x;`,
      expected: [`select E'\\';', e'a''\\\\';`, 'x;'],
    },
    {
      name: 'with a backslash that means itself in plain quotes',
      script: `select '\\';x;`,
      expected: [`select '\\';`, 'x;'],
    },
    {
      name: 'not in dollar quotes',
      script: 'do $$ a; $b$ ; $$; do $b$ ;$$; $b$;',
      expected: ['do $$ a; $b$ ; $$;', 'do $b$ ;$$; $b$;'],
    },
    {
      name: 'at parameters that look like dollar quotes',
      script: 'select $1;select $2;',
      expected: ['select $1;', 'select $2;'],
    },
    {
      name: 'not in comments',
      script: '-- a;\nselect /* ; /* ; */ ; */ 1 -- ;\n;',
      expected: ['select /* ; /* ; */ ; */ 1 -- ;\n;'],
    },
    { name: 'into nothing without SQL', script: ' ;; -- only\n/* words */ ;', expected: [] },
    {
      name: 'not in the body of a function',
      script:
        'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; x;',
      expected: [
        'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end;',
        'x;',
      ],
    },
    {
      name: 'after begin outside of a function',
      script: 'begin; select 1; end;',
      expected: ['begin;', 'select 1;', 'end;'],
    },
  ])('$name', ({ script, expected }) => {
    expect(splitStatements(script).map(({ text }) => text)).toEqual(expected)
  })

  test('with the line on which each statement begins', () => {
    const script = '-- about\n\nselect 1;\n/* two\nlines */ select\n2; select 3;\n(select 4);'
    expect(splitStatements(script).map(({ line }) => line)).toEqual([3, 5, 6, 7])
  })

  test('so that statements put together come apart again as they were', () => {
    const piece = fc.constantFrom(
      'select',
      'x1',
      '1',
      `'a;b'`,
      `"c;d"`,
      '$$;$$',
      '$t$;$t$',
      '/*;*/',
      '--;\n',
      '(',
      '+',
      'end',
      'case',
    )
    const statement = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => `select ${pieces.join(' ')};`)
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 6 }), (statements) => {
        expect(splitStatements(statements.join('\n')).map(({ text }) => text)).toEqual(statements)
      }),
    )
  })
})
