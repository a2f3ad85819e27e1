import { advice } from './advice.ts'
import type { Node } from './jinja.ts'
import { didYouMean, problemAt, type Problem } from './problem.ts'
import type { Template } from './template.ts'

/** The functions and variables that a template may use besides its own and the project's macros. */
const CONTEXT_NAMES = ['ref', 'source', 'config', 'var', 'this', 'target', 'is_incremental']
const BUILT_IN = ['namespace', 'range', 'loop', 'varargs', 'kwargs', 'true', 'false', 'none', 'True', 'False', 'None']
const INTERNAL = ['__at', '__text', '__print', '__capture', '__seq', '__turn']

// Attributes of the context's variables that exist here; `config` has none.
const ATTRIBUTES: Record<string, string[]> = {
  this: ['schema', 'identifier', 'name'],
  target: ['name', 'schema', 'type'],
  config: [],
}

// What the library does as Jinja does. The rest would fail while rendering, or worse, print something else.
const FILTERS =
  'abs default dictsort first float indent int items join last length list lower map reject rejectattr replace ' +
  'reverse safe selectattr sort string tojson trim upper'
const TESTS =
  'boolean callable defined even false integer iterable lower mapping none number odd sequence string true undefined upper'
const METHODS = 'endswith get items keys lower lstrip replace rstrip split startswith strip upper values'
const PYTHON_OPERATORS = new Set(['==', '!=', '~', '+', '%'])

/**
 * Finds what a template uses and we do not offer (functions, variables, attributes, filters, tests, methods), also in
 * branches that are never rendered, and turns the operations in which the library differs from Jinja into calls of
 * `__operate`, `__items` and `__truncate`. `macros` are the names of the project's macros.
 */
export function checkTemplate(template: Template, macros: Iterable<string>): Problem[] {
  const problems: Problem[] = []
  const known = new Set([...CONTEXT_NAMES, ...BUILT_IN, ...INTERNAL, ...macros])
  let offset = 0
  const refuse = (word: string, message: string) => {
    problems.push(problemAt(template, offsetOfWord(template, offset, word), message))
  }

  function visit(value: unknown, names: Set<string>): void {
    if (Array.isArray(value)) for (const item of value) visit(item, names)
    else if (value instanceof Map) for (const entry of value) visit(entry, names)
    else if (isNode(value)) visitNode(value, names)
  }

  function visitNode(node: Node, names: Set<string>): void {
    switch (node.type) {
      case 'Identifier':
        if (!names.has(text(node))) refuse(text(node), unknown(text(node), names))
        return
      case 'CallExpression':
        if (text(node.callee) === '__at') offset = Number(node.args?.[0]?.value)
        else if (node.callee?.type === 'MemberExpression') visitMethod(node.callee, names)
        else visit(node.callee, names)
        return visit(node.args, names)
      case 'MemberExpression':
        return visitMember(node, names)
      case 'KeywordArgumentExpression':
        return visit(node.value, names)
      case 'FilterExpression':
        return visitFilter(node, names)
      case 'TestExpression': {
        const test = text(node.test)
        if (!TESTS.split(' ').includes(test)) refuse(test, `the test "is ${test}" is not supported`)
        // `x is defined` is how a template asks for a name that may be missing.
        if (!test.endsWith('defined') || node.operand?.type !== 'Identifier') visit(node.operand, names)
        return
      }
      case 'BinaryExpression':
        visit([node.left, node.right], names)
        if (PYTHON_OPERATORS.has(text(node.operator))) {
          become(node, '__operate', [{ type: 'StringLiteral', value: text(node.operator) }, node.left, node.right])
        }
        return
      case 'UnaryExpression':
        return visit(node.argument, names)
      case 'TupleLiteral':
        node.type = 'ArrayLiteral' // The library cannot unpack a tuple in a loop.
        return visit(node.value, names)
      case 'Macro': {
        const parameters = node.args ?? []
        const inner = new Set([...names, ...parameters.map((item) => text(item.key ?? item)), ...assigned(node.body)])
        visit(
          parameters.map((item) => item.value).filter((value) => typeof value !== 'string'),
          inner,
        )
        return visit(node.body, inner)
      }
      case 'Set':
        if (node.assignee?.type === 'MemberExpression') visit(node.assignee.object, names)
        return visit([node.value, node.body], names)
      case 'For':
        return visit([node.iterable, node.body, node.defaultBlock], names)
      default:
        return visit(Object.values(node), names)
    }
  }

  function visitMember(node: Node, names: Set<string>): void {
    const [object, property] = [text(node.object), text(node.property)]
    if (node.computed === true) visit(node.property, names)
    else if (object in ATTRIBUTES && ATTRIBUTES[object]?.includes(property) === false) {
      const offered = ATTRIBUTES[object].map((name) => `${object}.${name}`).join(', ')
      refuse(property, `${object}.${property} is not supported${offered === '' ? '' : `; there are ${offered}`}`)
    }
    visit(node.object, names)
  }

  function visitMethod(callee: Node, names: Set<string>): void {
    const [object, method] = [text(callee.object), text(callee.property)]
    if (callee.object?.type === 'Identifier' && !names.has(object)) refuse(object, unknown(object, names))
    else if (object === 'config') refuse(method, `config.${method}() is not supported`)
    else {
      if (!METHODS.split(' ').includes(method))
        refuse(method, `the method .${method}() is not supported${advice(method)}`)
      visit(callee.object, names)
    }
  }

  function visitFilter(node: Node, names: Set<string>): void {
    const { filter } = node
    const name = text(filter?.type === 'CallExpression' ? filter.callee : filter)
    if (!FILTERS.split(' ').includes(name)) {
      refuse(name, `the filter ${name} is not supported${didYouMean(name, FILTERS.split(' '))}`)
    }
    if (name !== 'default' || node.operand?.type !== 'Identifier') visit(node.operand, names)
    visit(filter?.args, names)
    if (name === 'string')
      become(node, '__operate', [
        { type: 'StringLiteral', value: '~' },
        node.operand,
        { type: 'StringLiteral', value: '' },
      ])
    if (name === 'int') node.operand = become({ type: '' }, '__truncate', [node.operand])
    if (name === 'join') node.operand = become({ type: '' }, '__items', [node.operand])
  }

  visit(template.program.body, new Set([...known, ...assigned(template.program.body)]))
  return problems
}

/** Where a word stands in the tag that begins at `offset`, or the tag itself. */
export function offsetOfWord(template: Template, offset: number, word: string): number {
  const place = template.text.slice(offset).search(new RegExp(`(?<!\\w)${RegExp.escape(word)}(?!\\w)`))
  return place < 0 ? offset : offset + place
}

function become(node: Node, name: string, args: (Node | undefined)[]): Node {
  return Object.assign(node, { type: 'CallExpression', callee: { type: 'Identifier', value: name }, args })
}

/** The names that statements set, macros included; those set inside a macro stay there. */
function assigned(body: unknown): string[] {
  if (Array.isArray(body)) return body.flatMap(assigned)
  if (!isNode(body)) return []
  if (body.type === 'Macro') return [text(body.name)]
  if (body.type === 'Set') return [...targets(body.assignee), ...assigned(body.body)]
  if (body.type === 'For') return [...targets(body.loopvar), ...assigned(body.body), ...assigned(body.defaultBlock)]
  if (body.type === 'If') return [...assigned(body.body), ...assigned(body.alternate)]
  return []
}

function targets(node: unknown): string[] {
  if (!isNode(node)) return []
  return node.type === 'TupleLiteral' ? [node.value].flat().flatMap(targets) : [text(node)]
}

function unknown(name: string, known: Set<string>): string {
  const hint =
    advice(name) ||
    didYouMean(
      name,
      [...known].filter((other) => !other.startsWith('__')),
    )
  return `${name} is not known here${hint}`
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value
const text = (node: unknown) => (isNode(node) && typeof node.value === 'string' ? node.value : '')
