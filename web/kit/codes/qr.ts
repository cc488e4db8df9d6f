// QR symbol (ISO/IEC 18004) as an SVG path; level M at least, four modules of quiet zone.
import { correction, generate } from 'lean-qr'

export interface QrPath {
  /** Side of the drawing in modules, quiet zone included. */
  size: number
  /** SVG path of the dark modules, one unit a module. */
  path: string
}

const quiet = 4

export function qrPath(text: string): QrPath {
  const code = generate(text, { minCorrectionLevel: correction.M })
  let path = ''
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (!code.get(x, y)) continue
      let run = 1
      while (x + run < code.size && code.get(x + run, y)) run++
      path += `M${x + quiet} ${y + quiet}h${run}v1h-${run}z`
      x += run
    }
  }
  return { size: code.size + quiet * 2, path }
}
