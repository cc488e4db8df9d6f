// Reading codes from pictures: the browser's own reader where it has one, else zxing (wasm, ours).

export type Reader = (picture: ImageData) => Promise<string | undefined>

interface Found {
  rawValue: string
}
interface Detector {
  detect(source: ImageData): Promise<Found[]>
}
interface DetectorClass {
  new (options: { formats: string[] }): Detector
  getSupportedFormats(): Promise<string[]>
}

async function ownReader(): Promise<Reader | undefined> {
  const Class = (window as unknown as { BarcodeDetector?: DetectorClass }).BarcodeDetector
  if (!Class) return undefined
  const formats: string[] = await Class.getSupportedFormats().catch(() => [])
  if (!formats.includes('qr_code')) return undefined
  const wanted = ['qr_code', 'code_128'].filter((f) => formats.includes(f))
  const detector = new Class({ formats: wanted })
  return async (picture) => (await detector.detect(picture))[0]?.rawValue
}

async function zxingReader(): Promise<Reader> {
  const [{ prepareZXingModule, readBarcodes }, { default: wasm }] = await Promise.all([
    import('zxing-wasm/reader'),
    import('zxing-wasm/reader/zxing_reader.wasm?url'),
  ])
  await prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true })
  return async (picture) => {
    const found = await readBarcodes(picture, {
      formats: ['QRCode', 'Code128'],
      tryHarder: true,
      maxNumberOfSymbols: 1,
    })
    return found[0]?.text
  }
}

let reader: Promise<Reader> | undefined

/** The reader of this browser; loaded once. */
export function codeReader(): Promise<Reader> {
  reader ??= ownReader().then((own) => own ?? zxingReader())
  reader.catch(() => (reader = undefined))
  return reader
}

/** Pixels of a picture or video frame, at most `side` wide. */
export function pixels(
  source: HTMLVideoElement | ImageBitmap,
  width: number,
  height: number,
  side: number,
): ImageData | undefined {
  if (!width || !height) return undefined
  const scale = Math.min(1, side / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const pen = canvas.getContext('2d', { willReadFrequently: true })
  pen?.drawImage(source, 0, 0, canvas.width, canvas.height)
  return pen?.getImageData(0, 0, canvas.width, canvas.height)
}
