import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SiteInput } from './input.ts'
import { siteData, type SiteData } from './site-data.ts'

// The modules of the page's script, each before those that import it.
const SCRIPTS = [
  'element.js',
  'data.js',
  'layout.js',
  'graph.js',
  'sql.js',
  'columns.js',
  'pages.js',
  'navigation.js',
  'site.js',
]

// Nothing may be loaded, from anywhere: the page holds all that it needs.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'"

/**
 * Writes the documentation of a project as one file, `index.html` in `dir`, that opens from a disk or any web server
 * and loads nothing else. Returns its path.
 */
export async function writeSite(dir: string, input: SiteInput): Promise<string> {
  const asset = (name: string) => readFile(new URL(name, import.meta.url), 'utf8')
  const [style, ...scripts] = await Promise.all(['site.css', ...SCRIPTS].map(asset))
  const path = join(dir, 'index.html')
  await mkdir(dir, { recursive: true })
  await writeFile(path, pageHtml(siteData(input), style ?? '', joinModules(scripts)))
  return path
}

/** One script of several: every name is at hand, so that imports and exports go. */
function joinModules(modules: string[]): string {
  return modules.map((text) => text.replaceAll(/^import [^']*'[^']*'\n/gm, '').replaceAll(/^export /gm, '')).join('\n')
}

function pageHtml(data: SiteData, style: string, script: string): string {
  const title = escapeHtml(data.project)
  // Without `<` no text in the data can close the script element that holds it.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<nav aria-label="Models">
<a class="home" href="#/">${title}</a>
<input id="search" type="search" placeholder="Search  ( / )" aria-label="Search names, columns, tags, descriptions"
 autocomplete="off" spellcheck="false">
<div id="tree"></div>
</nav>
<main id="main" tabindex="-1"><noscript>This page needs JavaScript.</noscript></main>
<template id="drawing"><svg role="group" tabindex="0"></svg></template>
<script type="application/json" id="data">${json}</script>
<script type="module">
${script}</script>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
