import { resolve } from 'node:path'
import type { Command } from 'commander'
import { openDatabase, openProject, withProject, type ProjectFlags } from './models-project.ts'
import { print, say } from './output.ts'
import { databaseOf } from './build.ts'

export function addModelsDocsCommand(models: Command): void {
  withProject(models.command('docs'))
    .description('write a static site about the models: columns, tests, lineage; with manifest.json and catalog.json')
    .option('--output <dir>', 'folder of the site; default: the folder of the artifacts')
    .action(async (flags: ProjectFlags & { output?: string }) => {
      const opened = await openProject(flags)
      const { randomUUID } = await import('node:crypto')
      const { compileProject } = await import('../build/graph/graph.ts')
      const { compileModels } = await import('../build/graph/compile.ts')
      const { manifestOf } = await import('../build/artifacts/manifest.ts')
      const { catalogOf } = await import('../build/artifacts/catalog.ts')
      const { writeArtifacts } = await import('../build/artifacts/write.ts')
      const { projectLineage } = await import('../build/docs/project-lineage.ts')
      const { writeSite } = await import('../build/docs/site.ts')
      const session = await openDatabase(opened, 'read')
      try {
        const { project, options, targetDir } = opened
        const known = compileProject(project, options)
        const graph = { ...known, target: { ...known.target, database: databaseOf(session) } }
        const ids = new Map(graph.nodes.map((node) => [node.name, node.id]))
        const compiled = new Map(compileModels(project, options).map(({ name, sql }) => [ids.get(name) ?? name, sql]))
        const provenance = { generatedAt: new Date(), invocationId: randomUUID() }
        const manifest = manifestOf(graph, { ...provenance, compiled })
        const catalog = await catalogOf(session.pool, graph, provenance)
        const columns = new Map(
          [...Object.values(catalog.nodes), ...Object.values(catalog.sources)].map(({ metadata, columns: found }) => {
            const inOrder = Object.values(found).toSorted((a, b) => a.index - b.index)
            return [`${metadata.schema}.${metadata.name}`, inOrder.map((column) => column.name)]
          }),
        )
        const { lineage, problems } = await projectLineage(graph, columns)
        for (const problem of problems) say(`warning: no column lineage for ${problem}`)
        await writeArtifacts(targetDir, { manifest, catalog })
        const site = flags.output === undefined ? targetDir : resolve(flags.output)
        print(await writeSite(site, { manifest, catalog, lineage, generatedAt: provenance.generatedAt }))
      } finally {
        await session.close()
      }
    })
}
