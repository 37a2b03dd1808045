// "Firefox, Linux" from what a browser says of itself; empty where it says nothing known.
const browsers: [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\bFirefox\/|\bFxiOS\//, 'Firefox'], [/\bChrome\/|\bCriOS\/|\bChromium\//, 'Chrome'], [/\bSafari\//, 'Safari'],
];
const systems: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'], [/\biPad\b/, 'iPad'], [/\bAndroid\b/, 'Android'], [/\bWindows\b/, 'Windows'], [/\bMac OS X\b/, 'macOS'], [/\bLinux\b/, 'Linux'],
];

export function deviceName(agent: string): string {
  const first = (table: [RegExp, string][]): string => table.find(([pattern]) => pattern.test(agent))?.[1] ?? '';
  return [first(browsers), first(systems)].filter(Boolean).join(', ');
}
