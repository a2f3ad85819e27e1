import type { OutsideKind } from './outside-hanging.ts'
import type { Session } from './session.ts'

/** How to make an object again. */
export interface Definition {
  oid: number
  /** As SQL, with its schema: `outside.v`, `outside.f(integer)`, `p on marts.a`. */
  identity: string
  create: string[]
  /** What comes when its owner and its grants are as they were: rows, statistics. */
  finish: string[]
  drop: string | null
  /** A role as SQL. */
  owner: string | null
  isActable: boolean
  comment: string | null
  columns: { name: string; type: string; comment: string | null }[]
}

/** For each kind, its catalogue, the word for it in `drop`, `comment on` and `owner to`, and a query of definitions. */
export const KINDS: Record<OutsideKind, { catalog: string; word: string; query: string }> = {
  view: { catalog: 'pg_class', word: 'view', query: relationQuery('view') },
  'materialized view': { catalog: 'pg_class', word: 'materialized view', query: relationQuery('materialized view') },
  function: {
    catalog: 'pg_proc',
    word: 'routine',
    query: `select oid, array[pg_get_functiondef(oid)] as "create", proowner as owner from pg_proc`,
  },
  rule: {
    catalog: 'pg_rewrite',
    word: 'rule',
    query: `select r.oid, array[pg_get_ruledef(r.oid)] || ${enabled('rule', 'ev_enabled', 'rulename', 'ev_class')} as "create",
      relowner as owner from pg_rewrite r join pg_class c on c.oid = ev_class`,
  },
  trigger: {
    catalog: 'pg_trigger',
    word: 'trigger',
    query: `select t.oid, array[pg_get_triggerdef(t.oid)] || ${enabled('trigger', 'tgenabled', 'tgname', 'tgrelid')} as "create",
      relowner as owner from pg_trigger t join pg_class c on c.oid = tgrelid`,
  },
  policy: {
    catalog: 'pg_policy',
    word: 'policy',
    query: `select p.oid, relowner as owner, array[format('create policy %I on %s as %s for %s to %s%s%s', polname, polrelid::regclass,
        case when polpermissive then 'permissive' else 'restrictive' end,
        case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        (select string_agg(case role when 0 then 'public' else quote_ident(pg_get_userbyid(role)) end, ', ')
         from unnest(polroles) as role),
        ' using (' || pg_get_expr(polqual, polrelid) || ')',
        ' with check (' || pg_get_expr(polwithcheck, polrelid) || ')')] as "create"
      from pg_policy p join pg_class c on c.oid = polrelid`,
  },
  statistics: {
    catalog: 'pg_statistic_ext',
    word: 'statistics',
    query: `select oid, stxowner as owner, array[pg_get_statisticsobjdef(oid)] || case when stxstattarget >= 0 then
        format('alter statistics %s set statistics %s', (pg_identify_object('pg_statistic_ext'::regclass, oid, 0)).identity,
          stxstattarget) end as "create",
      array['analyze ' || stxrelid::regclass] as finish from pg_statistic_ext`,
  },
  publication: {
    catalog: 'pg_publication_rel',
    word: 'publication',
    query: `select r.oid, pubowner as owner,
      format('alter publication %I drop table only %s', pubname, prrelid::regclass) as "drop",
      array[format('alter publication %I add table only %s%s%s', pubname, prrelid::regclass,
        (select ' (' || string_agg(quote_ident(attname), ', ' order by attnum) || ')' from pg_attribute
         where attrelid = prrelid and attnum = any (prattrs::int2[])),
        ' where (' || pg_get_expr(prqual, prrelid) || ')')] as "create"
      from pg_publication_rel r join pg_publication p on p.oid = prpubid`,
  },
  'foreign key': {
    catalog: 'pg_constraint',
    word: 'constraint',
    query: `select k.oid, relowner as owner,
      format('alter table %s drop constraint %I', conrelid::regclass, conname) as "drop",
      array[format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(k.oid))] as "create"
      from pg_constraint k join pg_class c on c.oid = conrelid`,
  },
}

// A materialized view is filled when it is its owner's again: his functions must not run as the builder.
function relationQuery(kind: 'view' | 'materialized view'): string {
  const isFilled = kind === 'materialized view'
  return `select c.oid, relowner as owner,
    array[format('create ${kind} %s%s as %s${isFilled ? ' with no data' : ''}', c.oid::regclass,
      (select ' with (' || string_agg(format('%I = %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ') || ')'
       from unnest(reloptions) as o),
      rtrim(pg_get_viewdef(c.oid), ';'))]
    || array(select pg_get_indexdef(indexrelid) from pg_index where indrelid = c.oid order by indexrelid)
    || array(select format('comment on index %s is %L', indexrelid::regclass, obj_description(indexrelid, 'pg_class'))
       from pg_index where indrelid = c.oid and obj_description(indexrelid, 'pg_class') is not null order by indexrelid)
    as "create",
    case when relkind = 'm' and relispopulated then
      array['refresh materialized view ' || c.oid::regclass, 'analyze ' || c.oid::regclass] end as finish,
    (select json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
       'comment', col_description(attrelid, attnum)) order by attnum)
     from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns
    from pg_class c`
}

function enabled(word: 'rule' | 'trigger', column: string, name: string, relation: string): string {
  const how = `case ${column} when 'D' then 'disable' when 'R' then 'enable replica' when 'A' then 'enable always' end`
  return `array(select format('alter table %s %s ${word} %I', ${relation}::regclass, how, ${name})
    from (select ${how} as how) as e where how is not null)`
}

/** How to make objects of one kind again; with an empty search_path, so that all names have their schema. */
export async function readDefinitions(
  session: Pick<Session, 'query'>,
  kind: OutsideKind,
  oids: number[],
): Promise<Definition[]> {
  const { catalog, word, query } = KINDS[kind]
  const { rows } = await session.query<Definition & Record<string, unknown>>(
    `select d.oid, i.identity, d."create", coalesce(nullif(to_jsonb(d) -> 'finish', 'null'), '[]') as finish,
       coalesce(to_jsonb(d) ->> 'drop', 'drop ${word} ' || i.identity) as "drop",
       quote_ident(pg_get_userbyid(d.owner)) as owner, pg_has_role(d.owner, 'usage') as "isActable",
       obj_description(d.oid, '${catalog}') as comment, coalesce(nullif(to_jsonb(d) -> 'columns', 'null'), '[]') as columns
     from (${query}) as d, pg_identify_object('${catalog}'::regclass, d.oid, 0) as i
     where d.oid = any ($1) order by d.oid`,
    [oids],
  )
  return rows
}

/** What is switched on at the tables that are replaced: row level security, replica identity. */
export async function readSwitches(session: Pick<Session, 'query'>, tables: number[]): Promise<Definition[]> {
  const { rows } = await session.query<Pick<Definition, 'oid' | 'identity' | 'create'>>(
    `select oid, 'of ' || oid::regclass as identity, array_remove(array[
       case when relrowsecurity then format('alter table %s enable row level security', oid::regclass) end,
       case when relforcerowsecurity then format('alter table %s force row level security', oid::regclass) end,
       case relreplident when 'f' then format('alter table %s replica identity full', oid::regclass)
         when 'n' then format('alter table %s replica identity nothing', oid::regclass)
         when 'i' then (select format('alter table %s replica identity using index %I', oid::regclass, i.relname)
           from pg_index join pg_class i on i.oid = indexrelid where indrelid = c.oid and indisreplident) end
       ], null) as "create"
     from pg_class c
     where oid = any ($1) and relkind = 'r' and (relrowsecurity or relforcerowsecurity or relreplident <> 'd') order by oid`,
    [tables],
  )
  return rows.map((row) => ({
    ...row,
    finish: [],
    drop: null,
    owner: null,
    isActable: true,
    comment: null,
    columns: [],
  }))
}

/**
 * Which of these functions have a body of SQL that Postgres finds in order now. It is a string that reads relations by
 * name, so it is looked at with the session's own search_path.
 */
export async function soundFunctions(session: Pick<Session, 'query'>, oids: number[]): Promise<Set<number>> {
  const { rows: candidates } = await session.query<{ oid: number }>(
    `select p.oid from pg_proc p join pg_language l on l.oid = prolang
     where p.oid = any ($1) and lanname = 'sql' and prosqlbody is null`,
    [oids],
  )
  if (candidates.length === 0) return new Set()
  await session.query(`do $check$
    declare one oid; sound oid[] = '{}';
    begin
      foreach one in array '{${candidates.map((row) => row.oid).join(',')}}'::oid[] loop
        begin perform pg_catalog.fmgr_sql_validator(one); sound = sound || one; exception when others then null; end;
      end loop;
      perform set_config('milepost.sound', array_to_string(sound, ','), true);
    end $check$`)
  const { rows } = await session.query<{ oid: number }>(
    `select o::oid as oid from string_to_table(nullif(current_setting('milepost.sound'), ''), ',') as o`,
  )
  return new Set(rows.map((row) => row.oid))
}
