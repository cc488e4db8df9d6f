// Digits of the keypad in random order, without bias.

/** A random whole number below `bound` (≤ 256); values past the largest multiple are thrown away. */
function below(bound: number): number {
  const top = 256 - (256 % bound)
  const byte = new Uint8Array(1)
  do crypto.getRandomValues(byte)
  while (byte[0] >= top)
  return byte[0] % bound
}

/** Fisher–Yates on 0…9. */
export function shuffledDigits(): string[] {
  const list = [...'1234567890']
  for (let i = list.length - 1; i > 0; i--) {
    const j = below(i + 1)
    ;[list[i], list[j]] = [list[j], list[i]]
  }
  return list
}
