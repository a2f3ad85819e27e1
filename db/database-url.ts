const SECRET_PARAMETERS = ['password', 'sslpassword']

/** An address as it may be shown: its password replaced, everything else as it was. */
export function redactUrl(url: string): string {
  const parsed = URL.parse(url)
  // Behind the login, an `@` is the rest of a password with unescaped signs: hide all that could be part of it.
  if (parsed === null || /@/.test(parsed.host + parsed.pathname + parsed.search + parsed.hash)) {
    return url.replace(/^(\w+:\/\/[^:@]*):.*@/, '$1:***@').replaceAll(/((?:ssl)?password=)[^&\s]*/g, '$1***')
  }
  if (parsed.password !== '') parsed.password = '***'
  for (const name of SECRET_PARAMETERS) if (parsed.searchParams.has(name)) parsed.searchParams.set(name, '***')
  return parsed.href
}

/** The address with another database of the same server. */
export function withDatabase(url: string, database: string): string {
  const parsed = new URL(url)
  parsed.pathname = `/${encodeURIComponent(database)}`
  return parsed.href
}

/**
 * The address as `pg` must see it so that its `sslmode` means what it means to psql and every other libpq program
 * (`require` encrypts without checking the certificate, `verify-full` checks it).
 */
export function withLibpqTls(url: string): string {
  if (!/[?&]sslmode=/.test(url) || /[?&]uselibpqcompat=/.test(url)) return url
  return `${url}&uselibpqcompat=true`
}
