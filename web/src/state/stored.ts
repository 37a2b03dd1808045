// Small things this browser remembers. Private windows may refuse; then they last as long as the page.
export function recall<Value>(name: string, fallback: Value, isValid: (value: unknown) => boolean): Value {
  try {
    const text = localStorage.getItem(`hotshot.${name}`);
    if (text === null) return fallback;
    const value: unknown = JSON.parse(text);
    return isValid(value) ? (value as Value) : fallback;
  } catch {
    return fallback;
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(`hotshot.${name}`, JSON.stringify(value));
  } catch {
    // nothing to be done, and nothing lost but comfort
  }
}
