/** The relations that the queries below read. */
export const SHOP = {
  'shop.orders': {
    id: 'int',
    customer_id: 'int',
    amount: 'numeric',
    status: 'text',
    tags: 'text[]',
    details: 'jsonb',
    placed_on: 'date',
  },
  'shop.customers': { id: 'int', name: 'text', region: 'text', parent_id: 'int' },
  'shop.items': { order_id: 'int', sku: 'text', quantity: 'int', price: 'numeric' },
}

export interface LineageCase {
  name: string
  sql: string
  /** `column = source source`, each source a column as it is, `~` computed in its row, or `#` from several rows. */
  columns: string[]
  influences?: string
  /** Columns that are named and come to nothing. */
  unused?: string
  /** Has a whole-row reference, which Postgres does not note column by column. */
  isWholeRow?: boolean
}

export const CASES: LineageCase[] = [
  {
    name: 'plain columns, an expression and a constant',
    sql: `select o.id, amount * 2 as double, 'x' as kind, o.status::varchar(3) from shop.orders as o where amount > 1`,
    columns: ['id = orders.id', 'double = ~orders.amount', 'kind =', 'status = ~orders.status'],
    influences: 'orders.amount',
  },
  {
    name: 'a column through import CTEs and stars',
    sql: `with orders as (select * from shop.orders), totals as (
            select customer_id, sum(amount) as total from orders group by customer_id)
          select totals.* from totals`,
    columns: ['customer_id = orders.customer_id', 'total = #orders.amount'],
    influences: 'orders.customer_id',
    unused: 'orders.details orders.id orders.placed_on orders.status orders.tags',
  },
  {
    name: 'an inner WITH that hides an outer of the same name',
    sql: `with a as (select id, name from shop.customers)
          select * from (with a as (select name as id from a) select id from a) as inner_a`,
    columns: ['id = customers.name'],
    unused: 'customers.id',
  },
  {
    name: 'a WITH inside one side of a set operation',
    sql: `with a as (select id from shop.customers)
          select id from a union all (with a as (select order_id from shop.items) select order_id from a)`,
    columns: ['id = customers.id items.order_id'],
  },
  {
    name: 'queries of a WITH named from two levels below',
    sql: `with a as (select id, name from shop.customers), b as (select sku from shop.items), c as (select 1 as one)
          select (select max(x.id) from (with d as (select * from a) select d.id, b.sku from d, b, c) as x) as top`,
    columns: ['top = #customers.id'],
    unused: 'customers.name items.sku',
  },
  {
    name: 'a WITH that names its columns anew',
    sql: `with a(x, y) as (select id, name, region from shop.customers) select y, region from a where x > 1`,
    columns: ['y = customers.name', 'region = customers.region'],
    influences: 'customers.id',
  },
  {
    name: 'a recursive query over a tree',
    sql: `with recursive tree as (
            select id, name, 0 as depth, name as path from shop.customers where parent_id is null
            union all
            select c.id, tree.name, tree.depth + 1, tree.path || c.region
            from shop.customers as c join tree on c.parent_id = tree.id where tree.depth < 3)
          select * from tree`,
    columns: ['id = customers.id', 'name = customers.name', 'depth =', 'path = ~customers.name ~customers.region'],
    influences: 'customers.id customers.parent_id',
  },
  {
    name: 'a recursive query whose columns change places in each step',
    sql: `with recursive turn(a, b, c, n) as (
            select name, region, null, 1 from shop.customers
            union all
            (select b, c, a, n + 1 from turn where n < 4))
          select a, c from turn`,
    columns: ['a = customers.name customers.region', 'c = customers.name customers.region'],
  },
  {
    name: 'WITH RECURSIVE whose first query names a later one',
    sql: `with recursive a as (select id from b), b as (select id from shop.customers) select * from a`,
    columns: ['id = customers.id'],
  },
  {
    name: 'USING with outer joins and an alias of its own',
    sql: `select id, o.id as oid, j.id as jid, status, c.name
          from shop.orders as o left join shop.customers as c using (id) as j`,
    columns: [
      'id = orders.id',
      'oid = orders.id',
      'jid = orders.id',
      'status = orders.status',
      'name = customers.name',
    ],
    influences: 'customers.id orders.id',
  },
  {
    name: 'a full join with USING, and a right one',
    sql: `select a.id, b.id as right_id
          from (select id from shop.orders full join shop.customers using (id)) as a
          cross join (select id from shop.orders right join shop.customers using (id)) as b`,
    columns: ['id = ~customers.id ~orders.id', 'right_id = customers.id'],
    influences: 'customers.id orders.id',
  },
  {
    name: 'a natural join and its star',
    sql: `select * from (select id, customer_id as parent_id, amount from shop.orders) as o natural join shop.customers`,
    columns: [
      'id = orders.id',
      'parent_id = orders.customer_id',
      'amount = orders.amount',
      'name = customers.name',
      'region = customers.region',
    ],
    influences: 'customers.id customers.parent_id orders.customer_id orders.id',
  },
  {
    name: 'a join under an alias with column names',
    sql: `select j.a, j.region, b from (shop.orders as o join shop.customers as c on o.customer_id = c.id) as j(a, b)`,
    columns: ['a = orders.id', 'region = customers.region', 'b = orders.customer_id'],
    influences: 'customers.id orders.customer_id',
  },
  {
    name: 'a LATERAL subquery, and a plain one of the same shape beside it',
    sql: `select c.id, l.n from shop.customers as c cross join lateral (
            select count(*) as n, max(i.price) as top from shop.items as i where i.order_id = c.parent_id limit 1) as l`,
    columns: ['id = customers.id', 'n ='],
    influences: 'customers.parent_id items.order_id',
    unused: 'items.price',
  },
  {
    name: 'a plain subquery in a LATERAL one, which a bare name leaves',
    sql: `select l.value from shop.customers as c
          cross join lateral (select o.v as value from (select c.name as v) as o where region is not null) as l`,
    columns: ['value = customers.name'],
    influences: 'customers.region',
  },
  {
    name: 'functions in FROM, with and without names for their columns',
    sql: `select o.id, tag, place, e.key, value, g, n.size from shop.orders as o
          cross join unnest(o.tags) with ordinality as t(tag, place)
          cross join lateral jsonb_each(o.details) as e
          cross join generate_series(1, o.id) as g
          left join lateral (select length(tag) as size) as n on true`,
    columns: [
      'id = orders.id',
      'tag = ~orders.tags',
      'place =',
      'key = ~orders.details',
      'value = ~orders.details',
      'g = ~orders.id',
      'size = ~orders.tags',
    ],
    influences: 'orders.details orders.id orders.tags',
  },
  {
    name: 'ROWS FROM, unnest of two arrays and a column definition list',
    sql: `select r.*, u.*, d.*, f.* from shop.orders as o
          cross join rows from (unnest(o.tags), generate_series(1, o.id)) with ordinality as r
          cross join unnest(o.tags, array[o.amount]) as u(a)
          cross join jsonb_to_record(o.details) as d(k int, v text)
          cross join string_to_table(o.status, ',') as f`,
    columns: [
      'unnest = ~orders.tags',
      'generate_series = ~orders.id',
      'ordinality =',
      'a = ~orders.amount ~orders.tags',
      'unnest = ~orders.amount ~orders.tags',
      'k = ~orders.details',
      'v = ~orders.details',
      'f = ~orders.status',
    ],
    influences: 'orders.amount orders.details orders.id orders.status orders.tags',
  },
  {
    name: 'a set-returning function in the SELECT list',
    sql: `select id, unnest(tags) as tag, (jsonb_each_text(details)).* from shop.orders`,
    columns: ['id = orders.id', 'tag = ~orders.tags', 'key = ~orders.details', 'value = ~orders.details'],
    influences: 'orders.details orders.tags',
  },
  {
    name: 'whole rows',
    sql: `select c as row, to_jsonb(c) as json, (c).name, (c).*, count(i) as n
          from shop.customers as c join (select sku, price from shop.items) as i on i.sku = c.name
          group by c.id, c.name, c.region, c.parent_id, c.*`,
    columns: [
      'row = ~customers.id ~customers.name ~customers.parent_id ~customers.region',
      'json = ~customers.id ~customers.name ~customers.parent_id ~customers.region',
      'name = customers.name',
      'id = customers.id',
      'name = customers.name',
      'region = customers.region',
      'parent_id = customers.parent_id',
      'n = #items.price #items.sku',
    ],
    influences: 'customers.id customers.name customers.parent_id customers.region items.sku',
    isWholeRow: true,
  },
  {
    name: 'scalar, array and row subqueries',
    sql: `select (select name from shop.customers as c where c.id = o.customer_id),
            array(select sku from shop.items where order_id = o.id order by price) as skus,
            (select max(price) from shop.items) > amount as above,
            status in (select region from shop.customers) as local,
            exists (select sku from shop.items where order_id = o.id) as any_item
          from shop.orders as o`,
    columns: [
      'name = customers.name ~customers.id ~orders.customer_id',
      'skus = #items.order_id #items.price #items.sku #orders.id',
      'above = #items.price ~orders.amount',
      'local = ~customers.region ~orders.status',
      'any_item = ~items.order_id ~orders.id',
    ],
  },
  {
    name: 'a correlated EXISTS, whose list does not matter',
    sql: `select name from shop.customers as c where not exists (
            select o.amount from shop.orders as o where o.customer_id = c.id and region = 'a')`,
    columns: ['name = customers.name'],
    influences: 'customers.id customers.region orders.customer_id',
    unused: 'orders.amount',
  },
  {
    name: 'IN, ANY and a subquery in ON',
    sql: `select o.id from shop.orders as o join shop.customers as c
            on c.id = (select min(order_id) from shop.items where sku = o.status)
          where o.customer_id in (select parent_id from shop.customers) and o.amount > all (select price from shop.items)`,
    columns: ['id = orders.id'],
    influences:
      'customers.id customers.parent_id items.order_id items.price items.sku orders.amount orders.customer_id orders.status',
  },
  {
    name: 'aggregates with FILTER, DISTINCT, ORDER BY and WITHIN GROUP',
    sql: `select count(*) filter (where amount > 1) as big, string_agg(distinct status, ',') as states,
            array_agg(id order by placed_on) as ids, percentile_cont(0.5) within group (order by amount) as middle,
            coalesce(sum(amount), 0) + count(*) as total
          from shop.orders having count(distinct customer_id) > 1`,
    columns: [
      'big = #orders.amount',
      'states = #orders.status',
      'ids = #orders.id #orders.placed_on',
      'middle = #orders.amount',
      'total = #orders.amount',
    ],
    influences: 'orders.customer_id',
  },
  {
    name: 'windows, named, built on one another and in place',
    sql: `select row_number() over w as place, sum(amount) over (w order by id) as running,
            lag(status, 1) over (partition by customer_id order by placed_on) as before
          from shop.orders window w as (partition by customer_id), unused as (order by tags)`,
    columns: [
      'place = #orders.customer_id',
      'running = #orders.amount #orders.customer_id #orders.id',
      'before = #orders.customer_id #orders.placed_on #orders.status',
    ],
    unused: 'orders.tags',
  },
  {
    name: 'grouping sets',
    sql: `select customer_id, status as state, grouping(customer_id, status), sum(amount)
          from shop.orders group by rollup (customer_id, (status, placed_on)), grouping sets ((), (id))
          order by 4 desc limit 5`,
    columns: [
      'customer_id = orders.customer_id',
      'state = orders.status',
      'grouping = ~orders.customer_id ~orders.status',
      'sum = #orders.amount',
    ],
    influences: 'orders.amount orders.customer_id orders.id orders.placed_on orders.status',
  },
  {
    name: 'GROUP BY an output name, a place and a name that FROM has too',
    sql: `select lower(status) as state, placed_on as customer_id, name as label, count(*)
          from shop.orders join shop.customers as c on c.id = orders.id
          group by state, 2, shop.orders.customer_id, c.name`,
    columns: ['state = ~orders.status', 'customer_id = orders.placed_on', 'label = customers.name', 'count ='],
    influences: 'customers.id customers.name orders.customer_id orders.id orders.placed_on orders.status',
  },
  {
    name: 'a bare name that is a column in GROUP BY and an output in ORDER BY',
    sql: `select min(status) as id, max(amount) as status from shop.orders group by id order by status`,
    columns: ['id = #orders.status', 'status = #orders.amount'],
    influences: 'orders.amount orders.id',
  },
  {
    name: 'DISTINCT ON',
    sql: `select distinct on (customer_id, s) id, status as s from shop.orders order by customer_id, s, placed_on desc`,
    columns: ['id = orders.id', 's = orders.status'],
    influences: 'orders.customer_id orders.placed_on orders.status',
  },
  {
    name: 'DISTINCT ON without an order',
    sql: `select distinct on (lower(status)) 1 as one from shop.orders`,
    columns: ['one ='],
    influences: 'orders.status',
  },
  {
    name: 'DISTINCT, OFFSET and LIMIT by subqueries',
    sql: `select distinct region from shop.customers limit (select max(quantity) from shop.items)
          offset (select 0 from shop.orders where id = 0)`,
    columns: ['region = customers.region'],
    influences: 'customers.region items.quantity orders.id',
  },
  {
    name: 'UNION ALL, UNION, INTERSECT and EXCEPT',
    sql: `select a.x, b.y, c.z, d.w from (select id as x from shop.orders union all select parent_id from shop.customers) as a,
            (select name as y from shop.customers union select sku from shop.items) as b,
            (select customer_id as z from shop.orders intersect select quantity from shop.items) as c,
            (select region as w from shop.customers except all select status from shop.orders) as d`,
    columns: [
      'x = customers.parent_id orders.id',
      'y = customers.name items.sku',
      'z = orders.customer_id',
      'w = customers.region',
    ],
    influences: 'customers.name customers.region items.quantity items.sku orders.customer_id orders.status',
  },
  {
    name: 'ORDER BY of a set operation, by name and by place',
    sql: `(select id, amount from shop.orders order by placed_on limit 2)
          union all select quantity, price from shop.items order by amount, 1 limit 3`,
    columns: ['id = items.quantity orders.id', 'amount = items.price orders.amount'],
    influences: 'items.price items.quantity orders.amount orders.id orders.placed_on',
  },
  {
    name: 'VALUES, alone and joined',
    sql: `select v.code, w.column2, o.id from (values (1, 'a'), (2, 'b')) as v(code, label)
          join shop.orders as o on o.id = v.code cross join lateral (values (o.status, o.amount), (null, 1)) as w`,
    columns: ['code =', 'column2 = orders.amount', 'id = orders.id'],
    influences: 'orders.id',
    unused: 'orders.status',
  },
  {
    name: 'jsonb operators and subscripts',
    sql: `select details ->> 'a' as a, details #>> array['b', status] as b, details['c'] as c, tags[id] as tag,
            jsonb_build_object('id', id, 'all', jsonb_agg(amount)) as doc
          from shop.orders where details ? 'a' group by id, details, status, tags`,
    columns: [
      'a = ~orders.details',
      'b = ~orders.details ~orders.status',
      'c = ~orders.details',
      'tag = ~orders.id ~orders.tags',
      'doc = #orders.amount ~orders.id',
    ],
    influences: 'orders.details orders.id orders.status orders.tags',
  },
  {
    name: 'the names that Postgres chooses',
    sql: `select coalesce(status, 'x'), nullif(id, 1), greatest(id, 2), case when id > 1 then status end,
            case id when 1 then 'a' else lower(status) end, id::text, 1::int8, current_date, current_user, row(id, status)::text,
            array[id], exists (select 1), array(select 1), (select max(price) from shop.items), (values (1)), id + 1, not true,
            extract(year from placed_on), status collate "C", interval '1 day'
          from shop.orders`,
    columns: [
      'coalesce = ~orders.status',
      'nullif = ~orders.id',
      'greatest = ~orders.id',
      'case = ~orders.id ~orders.status',
      'lower = ~orders.id ~orders.status',
      'id = ~orders.id',
      'int8 =',
      'current_date =',
      'current_user =',
      'row = ~orders.id ~orders.status',
      'array = ~orders.id',
      'exists =',
      'array =',
      'max = #items.price',
      'column1 =',
      '?column? = ~orders.id',
      '?column? =',
      'extract = ~orders.placed_on',
      'status = ~orders.status',
      'interval =',
    ],
  },
  {
    name: 'a star over everything that a FROM list has',
    sql: `select * from shop.items, (select id as a, id as b from shop.orders) as o(x), unnest(array[1]) as u`,
    columns: [
      'order_id = items.order_id',
      'sku = items.sku',
      'quantity = items.quantity',
      'price = items.price',
      'x = orders.id',
      'b = orders.id',
      'u =',
    ],
  },
  {
    name: 'names in quotes and with a schema and a database before them',
    sql: `select "Big"."id" as "Order Id", shop.customers.name from "shop"."orders" as "Big", shop.customers
          where "Big".customer_id = shop.customers.id`,
    columns: ['Order Id = orders.id', 'name = customers.name'],
    influences: 'customers.id orders.customer_id',
  },
  {
    name: 'a function whose columns nobody knows, by name',
    sql: `select c.pg_control_version, control_version as version, o.id, c is null as gone
          from shop.orders as o, (select pg_control_version, 1 as control_version from pg_control_system()) as z, pg_control_system() as c`,
    columns: ['pg_control_version =', 'version =', 'id = orders.id', 'gone ='],
  },
  {
    name: 'an empty list, and a query of no table',
    sql: `select n from (select 1 as n, now()) as one where exists (select from shop.orders where amount = n)`,
    columns: ['n ='],
    influences: 'orders.amount',
  },
]
