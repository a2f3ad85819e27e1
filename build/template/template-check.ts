import { advice } from './advice.ts'
import { FILTER_NAMES } from './filters.ts'
import type { Node } from './jinja.ts'
import { assigned, isNode, textOf } from './lower.ts'
import { METHOD_NAMES } from './methods.ts'
import { didYouMean, problemAt, type Problem, type SourceText } from './problem.ts'
import type { Template } from './template.ts'
import { COMPARISON_NAMES, TEST_NAMES } from './value-test.ts'

/** The functions and variables that a template may use besides its own and the project's macros. */
const CONTEXT_NAMES = new Set(
  (
    'ref source config var env_var this target is_incremental execute log print return exceptions adapter ' +
    'namespace range loop varargs kwargs true false none True False None'
  ).split(' '),
)
/** What the strings of YAML files may use. */
export const VALUE_NAMES = new Set('var env_var target doc range true false none True False None'.split(' '))

// Attributes of the context's variables that exist here.
const RELATION = ['database', 'schema', 'identifier', 'name', 'table']
const ATTRIBUTES: Record<string, string[]> = {
  this: RELATION,
  target: ['name', 'schema', 'type', 'database', 'dbname', 'profile_name'],
  loop: ['index', 'index0', 'revindex', 'revindex0', 'first', 'last', 'length', 'previtem', 'nextitem'],
  config: [],
  adapter: [],
  exceptions: [],
}
const FUNCTIONS: Record<string, string[]> = {
  this: [],
  target: [],
  loop: [],
  config: [],
  adapter: ['dispatch', 'quote'],
  exceptions: ['raise_compiler_error', 'warn'],
}

const macroSets = new WeakMap<object, { size: number; names: Set<string> }>()

/** The names as a set, made once for a list that many templates are checked against. */
function setOf(list: Iterable<string>): Set<string> {
  if (!Array.isArray(list)) return new Set(list)
  const known = macroSets.get(list)
  if (known?.size === list.length) return known.names
  const names = new Set<string>(list)
  macroSets.set(list, { size: list.length, names })
  return names
}

/**
 * Finds what a template uses and we do not offer (functions, variables, attributes, filters, tests, methods), also in
 * branches that are never rendered. `macros` are the names of the project's macros.
 */
export function checkTemplate(template: Template, macros: Iterable<string>, context = CONTEXT_NAMES): Problem[] {
  const problems: Problem[] = []
  const shared = [context, setOf(macros)]
  let offset = 0
  let isInMacro = false
  const refuse = (word: string, message: string) => {
    problems.push(problemAt(template, offsetOfWord(template, offset, word), message))
  }
  const isKnown = (name: string, own: Set<string>) =>
    own.has(name) || name.startsWith('__') || shared.some((names) => names.has(name))

  function visit(value: unknown, own: Set<string>): void {
    if (Array.isArray(value)) for (const item of value) visit(item, own)
    else if (value instanceof Map) for (const entry of value) visit(entry, own)
    else if (isNode(value)) visitNode(value, own)
  }

  function visitNode(node: Node, own: Set<string>): void {
    switch (node.type) {
      case 'Identifier':
        return visitName(textOf(node), own)
      case 'CallExpression':
        return visitCall(node, own)
      case 'KeywordArgumentExpression':
        return visit(node.value, own)
      case 'UnaryExpression':
        return visit(node.argument, own)
      case 'BinaryExpression':
        return visit([node.left, node.right], own)
      case 'Macro': {
        const parameters = node.args ?? []
        const inner = new Set([...own, ...parameters.map((item) => textOf(item.key ?? item)), ...assigned(node.body)])
        const outer = isInMacro
        isInMacro = true
        visit(parameters.map((item) => item.value).filter(isNode), inner)
        visit(node.body, inner)
        isInMacro = outer
        return
      }
      case 'Set':
        if (node.assignee?.type === 'MemberExpression') visit(node.assignee.object, own)
        return visit([node.value, node.body], own)
      case 'For':
        return visit([node.iterable, node.body, node.defaultBlock], own)
      default:
        return visit(Object.values(node), own)
    }
  }

  function visitName(name: string, own: Set<string>): void {
    if (!isKnown(name, own))
      refuse(name, `${name} is not known here${hintFor(name, [...(shared[0] ?? []), ...(shared[1] ?? []), ...own])}`)
    else if (name === 'return' && !isInMacro) refuse(name, 'return() stands in no macro')
  }

  function visitCall({ callee, args = [] }: Node, own: Set<string>): void {
    const [first, second] = args
    const name = textOf(first)
    const variable = second?.type === 'Identifier' ? textOf(second) : ''
    switch (textOf(callee)) {
      case '__at':
        offset = Number(first?.value)
        return
      case '__get':
        visitMember(variable, name)
        return visit(args, own)
      case '__method':
        if (variable === '' || isKnown(variable, own)) visitMethod(variable, name)
        return visit(args, own)
      case '__filter':
        visitFilter(name, args)
        return visit(name === 'default' && second?.type === 'Identifier' ? args.slice(2) : args, own)
      case '__test':
        if (!TEST_NAMES.has(name)) refuse(name, `the test "is ${name}" is not supported`)
        // `x is defined` is how a template asks for a name that may be missing.
        return name.endsWith('defined') && second?.type === 'Identifier' ? undefined : visit(args, own)
      default:
        return visit([callee, args], own)
    }
  }

  function visitMember(object: string, property: string): void {
    const attributes = Object.hasOwn(ATTRIBUTES, object) ? ATTRIBUTES[object] : undefined
    if (attributes === undefined || property === '' || attributes.includes(property)) return
    const offered = attributes.map((name) => `${object}.${name}`).join(', ')
    refuse(property, `${object}.${property} is not supported${offered === '' ? '' : `; there are ${offered}`}`)
  }

  function visitMethod(object: string, method: string): void {
    const functions = Object.hasOwn(FUNCTIONS, object) ? FUNCTIONS[object] : undefined
    if (functions?.includes(method) ?? METHOD_NAMES.has(method)) return
    const hint = advice(object === 'adapter' ? object : method)
    refuse(method, `${functions === undefined ? 'the method ' : object}.${method}() is not supported${hint}`)
  }

  function visitFilter(name: string, args: Node[]): void {
    if (!FILTER_NAMES.has(name)) {
      refuse(name, `the filter ${name} is not supported${advice(name) || didYouMean(name, FILTER_NAMES)}`)
    }
    const named = { map: args[2], select: args[2], reject: args[2], selectattr: args[3], rejectattr: args[3] }[name]
    if (named?.type !== 'StringLiteral') return
    const inner = textOf(named)
    if (name === 'map') {
      if (!FILTER_NAMES.has(inner))
        refuse(inner, `the filter ${inner} is not supported${didYouMean(inner, FILTER_NAMES)}`)
    } else if (!TEST_NAMES.has(inner) && !COMPARISON_NAMES.has(inner) && inner !== 'divisibleby') {
      refuse(inner, `the test "is ${inner}" is not supported`)
    }
  }

  visit(template.program.body, new Set(assigned(template.program.body)))
  return problems
}

/** Where a word stands in the tag that begins at `offset`, or the tag itself. */
export function offsetOfWord(template: SourceText, offset: number, word: string): number {
  const isWord = (at: number) => /\w/.test(template.text.charAt(at))
  if (word === '') return offset
  for (let at = template.text.indexOf(word, offset); at >= 0; at = template.text.indexOf(word, at + 1)) {
    if (!isWord(at - 1) && !isWord(at + word.length)) return at
  }
  return offset
}

const hintFor = (name: string, known: string[]) => advice(name) || didYouMean(name, known)
