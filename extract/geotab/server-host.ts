import { PipelineError } from '../../core/errors.ts'
import { cleanText } from './clean-text.ts'

/** Where requests may go. */
export interface ServerRules {
  connection: string
  /** Host name of the vendor's server, or `http://127.0.0.1:<port>` for a stand-in on this machine. */
  server: string
  /** A host is the vendor's when it is one of these or lies below one. */
  allowedHostSuffixes: readonly string[]
}

// Plain names only: no port, user, address in digits, trailing dot, or letters beyond ASCII.
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/

/** The configured server's API address. Throws GEOTAB_SERVER when it is not one that credentials may be sent to. */
export function rootEndpoint(rules: ServerRules): URL {
  const url = rules.server.includes('/') ? loopbackUrl(rules.server) : hostUrl(rules.server, rules)
  if (url !== null) return url
  throw new PipelineError(
    'GEOTAB_SERVER',
    `Geotab ${rules.connection}: the server ${JSON.stringify(cleanText(rules.server))} is not accepted. Give a host ` +
      `name under ${rules.allowedHostSuffixes.join(' or ')}, or http://127.0.0.1:<port> for a stand-in.`,
    'never',
  )
}

/**
 * The API address that a login's `path` leads to: "ThisServer" is the configured one, anything else must be a host of
 * the vendor's (for a stand-in: an address of this machine). Throws GEOTAB_REDIRECT_REFUSED before anything is sent there.
 */
export function sessionEndpoint(rules: ServerRules, path: string): URL {
  const root = rootEndpoint(rules)
  if (path === 'ThisServer') return root
  const url = root.protocol === 'http:' ? loopbackUrl(`http://${path}`) : hostUrl(path, rules)
  if (url !== null) return url
  throw new PipelineError(
    'GEOTAB_REDIRECT_REFUSED',
    `Geotab ${rules.connection}: the login at ${root.host} leads to ${JSON.stringify(cleanText(path, 100))}, which is ` +
      `not a host under ${rules.allowedHostSuffixes.join(' or ')}. Nothing was sent there. If the vendor did move the ` +
      'database, add the suffix to allowed_host_suffixes; else find out who answers for that server.',
    'never',
  )
}

function hostUrl(name: string, { allowedHostSuffixes }: ServerRules): URL | null {
  const host = name.toLowerCase()
  if (!HOST_NAME.test(host) || host.includes('xn--')) return null
  const isVendors = allowedHostSuffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
  const url = new URL(`https://${host}/apiv1`)
  return isVendors && url.host === host ? url : null
}

function loopbackUrl(text: string): URL | null {
  if (!/^http:\/\/[^/?#@\\\s]+\/?$/.test(text) || !URL.canParse(text)) return null
  const url = new URL('/apiv1', text)
  return LOOPBACK.test(url.hostname) ? url : null
}
