import type { Node } from './jinja.ts'
import { failure, type SourceText } from './problem.ts'
import type { Tag } from './tokens.ts'

/**
 * Puts places into a program, as calls of functions that rendering defines: `__text(offset, text)` for literal text,
 * `__print(__at(offset), value)` for `{{ value }}`, `__at(offset)` before statements. The operations in which the
 * library differs from Jinja become calls too. Nodes are changed in place, as the library looks for `varargs` and
 * `kwargs` in nodes of its own classes only. Throws a PlacedError.
 */
export function lower(source: SourceText, program: Node, tags: Tag[]): void {
  let next = 0
  let offset = 0
  const refuse = (message: string) => failure(source, offset, message)

  function block(body: Node[] | undefined): Node[] {
    return (body ?? []).flatMap((node) => {
      const tag = tags[next]
      next += 1
      return tag === undefined ? [] : statement(node, tag)
    })
  }

  function statement(node: Node, { kind, offset: place, title }: Tag): Node[] {
    offset = place
    if (kind === 'text') return [call('__text', number(place), node)]
    const at = call('__at', number(place))
    switch (kind === 'other' ? node.type : kind) {
      case 'print':
      case 'do':
        visit(node)
        return [call(`__${kind}`, at, node)]
      case 'If':
        visit(node.test)
        if (node.test !== undefined) node.test = call('__seq', at, node.test)
        node.body = block(node.body)
        node.alternate = block(node.alternate)
        return [node]
      case 'Set':
        if (node.assignee?.type === 'FilterExpression') throw refuse('apply the filter where the value is used')
        if (node.assignee?.type === 'MemberExpression') visit(node.assignee.object)
        visit(node.value)
        // In Jinja what is set in a block stays in it; in the library it does not.
        if (node.value === null) {
          node.body = [call('__open', ...assigned(node.body).map(string)), ...block(node.body), call('__close')]
        }
        return [at, node]
      case 'For': {
        const iterated = node.iterable?.type === 'SelectExpression' ? node.iterable.lhs : node.iterable
        visit(node.iterable)
        if (iterated !== undefined) become(iterated, '__iterate', [copyOf(iterated)])
        // In Jinja each turn starts without what the turn before has set; in the library it does not.
        node.body = [call('__turn', ...targets(node.loopvar).map(string)), ...block(node.body)]
        node.defaultBlock = block(node.defaultBlock)
        return [at, node]
      }
      case 'Macro':
        visit((node.args ?? []).map((item) => (item.type === 'Identifier' ? null : item.value)))
        node.body = block(node.body)
        return [node, call('__macro', number(place), string(title))]
      default:
        return [node]
    }
  }

  function visit(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) visit(item)
    else if (value instanceof Map) for (const entry of value) visit(entry)
    else if (isNode(value)) visitNode(value)
  }

  function visitNode(node: Node): void {
    switch (node.type) {
      case 'Identifier':
      case 'StringLiteral':
        return
      case 'IntegerLiteral':
        if (Number.isSafeInteger(node.value)) return
        throw refuse('the number has more than 15 digits; write it as a string')
      case 'CallExpression':
        return visitCall(node)
      case 'MemberExpression': {
        visit(node.object)
        visit(node.computed === true ? node.property : [])
        if (node.property?.type !== 'SliceExpression') return become(node, '__get', [keyOf(node), node.object])
        const { start, stop, step } = node.property
        return become(node, '__slice', [node.object, start ?? NOTHING, stop ?? NOTHING, step ?? NOTHING])
      }
      case 'FilterExpression': {
        const { filter } = node
        visit([node.operand, ...(filter?.args ?? [])])
        return become(node, '__filter', [literal(filter?.callee ?? filter), node.operand, ...(filter?.args ?? [])])
      }
      case 'TestExpression': {
        visit(node.operand)
        const negate = { type: 'IntegerLiteral', value: node.negate === true ? 1 : 0 }
        return become(node, '__test', [literal(node.test), node.operand, negate])
      }
      case 'BinaryExpression': {
        visit([node.left, node.right])
        const operator = textOf(node.operator)
        if (operator === 'and' || operator === 'or') return
        if (
          isComparison(operator) &&
          isComparison(textOf(node.left?.args?.[0])) &&
          textOf(node.left?.callee) === '__operate'
        )
          throw refuse('compare two values at a time, and join the comparisons with and')
        return become(node, '__operate', [literal(node.operator), node.left, node.right])
      }
      case 'TupleLiteral':
        visit(node.value)
        return become(node, '__tuple', [node.value].flat().filter(isNode))
      case 'ObjectLiteral':
        if (node.value instanceof Map && [...node.value.keys()].some((key) => /(Integer|Float)Literal/.test(key.type)))
          throw refuse('the keys of a dictionary are strings')
        return visit(node.value)
      case 'KeywordArgumentExpression':
        return visit(node.value)
      default:
        return visit(Object.values(node))
    }
  }

  function visitCall(node: Node): void {
    const { callee, args = [] } = node
    visit(args)
    if (callee?.type !== 'MemberExpression' || callee.computed === true) return visit(callee)
    visit(callee.object)
    become(node, '__method', [literal(callee.property), callee.object, ...args])
  }

  program.body = block(program.body)
}

const call = (name: string, ...args: Node[]): Node => ({
  type: 'CallExpression',
  callee: { type: 'Identifier', value: name },
  args,
})
const number = (value: number): Node => ({ type: 'IntegerLiteral', value })
const string = (value: string): Node => ({ type: 'StringLiteral', value })
const NOTHING: Node = { type: 'Identifier', value: 'none' }
const isComparison = (operator: string) => /^([<>=!]=?|in|not in)$/.test(operator)
const literal = (node: Node | undefined) => string(textOf(node))

function keyOf({ property, computed }: Node): Node | undefined {
  return computed === true || property?.type !== 'Identifier' ? property : literal(property)
}

function become(node: Node, name: string, args: (Node | undefined)[]): void {
  Object.assign(node, { type: 'CallExpression', callee: { type: 'Identifier', value: name }, args })
}

const copyOf = (node: Node): Node => Object.assign(Object.create(Object.getPrototypeOf(node)), node)

export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value
export const textOf = (node: unknown) => (isNode(node) && typeof node.value === 'string' ? node.value : '')

/** The names that statements set, macros included; those set inside a macro stay there. */
export function assigned(body: unknown): string[] {
  if (Array.isArray(body)) return body.flatMap(assigned)
  if (!isNode(body)) return []
  if (body.type === 'Macro') return [textOf(body.name)]
  if (body.type === 'Set') return [...targets(body.assignee), ...assigned(body.body)]
  if (body.type === 'For') return [...targets(body.loopvar), ...assigned(body.body), ...assigned(body.defaultBlock)]
  if (body.type === 'If') return [...assigned(body.body), ...assigned(body.alternate)]
  return []
}

/** The names that an assignment or a loop gives values to. */
export function targets(node: unknown): string[] {
  if (!isNode(node)) return []
  return node.type === 'TupleLiteral' ? [node.value].flat().flatMap(targets) : [textOf(node)]
}
