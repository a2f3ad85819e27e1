import type { Node, ResTarget } from 'libpg-query'

/** The texts of a list of names, as of `schema.function`; `*` is not one. */
export function namesIn(nodes: Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []))
}

/** The name of a column of a SELECT list, with Postgres' own choice where the query gives none. */
export function columnName(target: ResTarget): string {
  return target.name ?? nameOf(target.val)?.name ?? '?column?'
}

interface Choice {
  name: string
  /** A cast or a CASE around it may choose another. */
  isWeak?: boolean
}

function nameOf(node: Node | undefined): Choice | undefined {
  if (node === undefined) return undefined
  if ('ColumnRef' in node) return last(node.ColumnRef.fields)
  if ('A_Indirection' in node) return last(node.A_Indirection.indirection) ?? nameOf(node.A_Indirection.arg)
  if ('FuncCall' in node) return last(node.FuncCall.funcname)
  if ('CollateClause' in node) return nameOf(node.CollateClause.arg)
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? { name: 'nullif' } : undefined
  if ('TypeCast' in node) return strong(nameOf(node.TypeCast.arg)) ?? weak(last(node.TypeCast.typeName?.names))
  if ('CaseExpr' in node) return strong(nameOf(node.CaseExpr.defresult)) ?? { name: 'case', isWeak: true }
  if ('SubLink' in node) {
    const { subLinkType, subselect } = node.SubLink
    if (subLinkType === 'EXISTS_SUBLINK') return { name: 'exists' }
    if (subLinkType === 'ARRAY_SUBLINK') return { name: 'array' }
    return subLinkType === 'EXPR_SUBLINK' ? nameOfSubquery(subselect) : undefined
  }
  if ('MinMaxExpr' in node) return { name: node.MinMaxExpr.op === 'IS_GREATEST' ? 'greatest' : 'least' }
  if ('SQLValueFunction' in node) return lower(node.SQLValueFunction.op, /^SVFOP_|_N$/g)
  if ('JsonFuncExpr' in node) return lower(node.JsonFuncExpr.op, /_OP$/)
  const [kind = ''] = Object.keys(node)
  const name = NAMED_BY_KIND[kind]
  return name === undefined ? undefined : { name }
}

const NAMED_BY_KIND: Record<string, string> = {
  A_ArrayExpr: 'array',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  JsonArrayAgg: 'json_arrayagg',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonObjectConstructor: 'json_object',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  RowExpr: 'row',
}

function last(nodes: Node[] | undefined): Choice | undefined {
  const name = namesIn(nodes).at(-1)
  return name === undefined ? undefined : { name }
}

const weak = (choice: Choice | undefined) => (choice === undefined ? undefined : { ...choice, isWeak: true })
const strong = (choice: Choice | undefined) => (choice?.isWeak === true ? undefined : choice)
const lower = (text: string | undefined, drop: RegExp) => ({ name: (text ?? '').replace(drop, '').toLowerCase() })

function nameOfSubquery(node: Node | undefined): Choice | undefined {
  if (node === undefined || !('SelectStmt' in node)) return undefined
  let select = node.SelectStmt
  while (select.larg !== undefined) select = select.larg
  const [target] = select.targetList ?? []
  if (target === undefined || !('ResTarget' in target)) {
    return select.valuesLists === undefined ? undefined : { name: 'column1' }
  }
  const { name, val } = target.ResTarget
  return name === undefined ? nameOf(val) : { name }
}
