import type { Pool } from 'pg'
import { fileURLToPath } from 'node:url'

/** The folder of a fixture project. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/projects/${name}`, import.meta.url))
}

/** The raw tables that the fixture project `shop` reads: customers Ada and Bob, orders 1 to 3. */
export async function createShop(pool: Pool): Promise<void> {
  await pool.query(`
    create schema raw_shop;
    create table raw_shop.customers (id integer, name text);
    create table raw_shop.raw_orders (
      id integer, customer_id integer, status text, amount_cents integer, updated_at timestamptz
    );
    insert into raw_shop.customers values (1, 'Ada'), (2, 'Bob');
    insert into raw_shop.raw_orders values
      (1, 1, 'shipped', 1050, '2026-03-01T00:00:00Z'),
      (2, 1, 'placed', 2000, '2026-03-09T00:00:00Z'),
      (3, 2, 'placed', 300, '2026-03-10T00:00:00Z');
  `)
}

/** Removes what tests have built and made, and the builder's memory of it. */
export async function emptyModels(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ schemas: string }>(
    `select string_agg(quote_ident(nspname), ', ') as schemas from pg_namespace
     where nspname ~ '^(raw_shop|staging|marts|outside|public)(__(next|delta|previous|dropped))?$'`,
  )
  await pool.query(`
    drop schema if exists ${rows[0]?.schemas ?? 'public'} cascade;
    create schema public;
    drop table if exists ops.model_relations, ops.model_tests, ops.model_undo;
  `)
}
