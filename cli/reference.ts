import type { Command } from 'commander'
import { listModels } from '../build/run/published-models.ts'
import type { Project } from '../build/project/project.ts'

const GENERATED = '<!-- Written by `npm run generate`; changes here are lost. -->'

/** docs/reference/commands.md: the help of every command. */
export function commandsReference(program: Command): string {
  const commands = [program, ...program.commands.flatMap((command) => [command, ...command.commands])]
  const sections = commands
    .filter((command) => command.name() !== 'help')
    .map((command) => `## ${fullName(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`)
  return `# Commands\n\n${GENERATED}\n\n${sections.join('\n')}`
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}

/** The help as `--help` prints it, at a width that does not depend on the terminal. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text.trim()
}

/** docs/reference/models.md: the published relations and their columns, as the YAML describes them. */
export function modelsReference(project: Project): string {
  const described = new Map(project.properties.map((model) => [model.name, model]))
  const listed = listModels(project).filter((model) => model.schema === 'marts' || model.schema === 'reports')
  const sections = listed
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((model) => {
      const columns = described.get(model.name)?.columns ?? []
      const rows = columns.map(({ name, description }) => `| \`${name}\` | ${cell(description)} |`)
      const from = model.dependsOn.map((name) => `\`${name}\``).join(', ')
      const head = `## ${model.name}\n\n${model.description.trim()}\n\nA ${model.kind} in \`${model.schema}\`, built from ${from} ([SQL](../../${model.file})).`
      return `${head}\n\n| column | meaning |\n|---|---|\n${rows.join('\n')}\n`
    })
  const contents = listed
    .map((model) => `[${model.name}](#${model.name})`)
    .toSorted()
    .join(' · ')
  return `# Models\n\n${GENERATED}\n\nThe relations that readers query, unqualified on a fresh connection.\n\n${contents}\n\n${sections.join('\n')}`
}

const cell = (text: string) => text.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
