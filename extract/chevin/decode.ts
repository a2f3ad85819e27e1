import { PipelineError } from '../../core/errors.ts'

export interface DecodedFile {
  text: string
  encoding: 'utf-8' | 'windows-1252'
}

const SIGNATURES: { bytes: number[]; what: string }[] = [
  { bytes: [0xff, 0xfe], what: 'UTF-16 text' },
  { bytes: [0xfe, 0xff], what: 'UTF-16 text' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'a ZIP archive or an .xlsx workbook' },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: 'an .xls workbook' },
  { bytes: [0x1f, 0x8b], what: 'a gzip archive' },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: 'a PDF' },
]

/**
 * The text of a file that is UTF-8, with a mark at its beginning or without one, or Windows-1252. Throws
 * CHEVIN_UNDECODABLE for anything else: a file that is half one and half the other would put garbled names into Geotab.
 */
export function decodeFile(content: Buffer): DecodedFile {
  const signature = SIGNATURES.find(({ bytes }) => bytes.every((byte, at) => content[at] === byte))
  if (signature !== undefined) throw undecodable(`it is ${signature.what}, not a CSV file`)
  const nul = content.indexOf(0)
  if (nul !== -1) throw undecodable(`byte ${nul + 1} is zero, which no text has`)
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(content), encoding: 'utf-8' }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  // Each byte as the character of its number, so that bytes can be searched by pattern.
  const bytes = content.toString('latin1')
  const mixed = /[\u00c3-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}/.exec(bytes)
  if (mixed !== null) {
    throw undecodable(`byte ${mixed.index + 1} is UTF-8 and others are not: the file is a mixture of encodings`)
  }
  const unused = /[\u0081\u008d\u008f\u0090\u009d]/.exec(bytes)
  if (unused !== null) throw undecodable(`byte ${unused.index + 1} is neither UTF-8 nor Windows-1252`)
  return { text: new TextDecoder('windows-1252').decode(content), encoding: 'windows-1252' }
}

function undecodable(why: string): PipelineError {
  return new PipelineError(
    'CHEVIN_UNDECODABLE',
    `The vehicle file cannot be read: ${why}. Nothing of it was used. Have Chevin export it as CSV in UTF-8.`,
    'never',
  )
}
