// The picture above the prompt box: a quiet land by day, the same land by night in the dark theme.
const stars: [number, number, number][] = [
  [90, 42, 1.6], [170, 96, 1.1], [250, 36, 1.3], [338, 78, 1.7], [420, 30, 1.1], [510, 64, 1.3], [604, 34, 1.6], [700, 84, 1.1],
  [790, 46, 1.4], [870, 92, 1.1], [1090, 30, 1.3], [1160, 90, 1.6],
];

function Cloud({ x, y, scale, name }: { x: number; y: number; scale: number; name: string }) {
  return (
    <g transform={`translate(${x} ${y}) scale(${scale})`}>
      <path class={`cloud ${name}`} d="M14 40a14 14 0 0 1 3-27 20 20 0 0 1 38-4 15 15 0 0 1 25 8 12 12 0 0 1 1 23z" />
    </g>
  );
}

function Tree({ x, y, scale }: { x: number; y: number; scale: number }) {
  return (
    <g transform={`translate(${x} ${y}) scale(${scale})`}>
      <path class="trunk" d="M-3 0h6v-16h-6z" />
      <path class="tree" d="M0-74c10 14 15 22 20 32h-9c8 11 12 18 15 27h-52c3-9 7-16 15-27h-9c5-10 10-18 20-32z" />
    </g>
  );
}

function Train() {
  const windows = [6, 20];
  return (
    <g class="train">
      {[0, 46].map((x) => (
        <g key={x} transform={`translate(${x} 0)`}>
          <rect class="carriage" width="40" height="22" rx="5" />
          {windows.map((at) => <rect key={at} class="window" x={at} y="5" width="11" height="8" rx="2" />)}
          <circle class="wheel" cx="10" cy="24" r="4" /><circle class="wheel" cx="30" cy="24" r="4" />
        </g>
      ))}
      <g transform="translate(92 0)">
        <path class="engine" d="M0 5a5 5 0 0 1 5-5h12v8h19a8 8 0 0 1 8 8v6H0z" />
        <path class="engine" d="M28 8V-1h8v9z" /><rect class="window" x="5" y="4" width="8" height="7" rx="2" />
        <circle class="wheel" cx="9" cy="24" r="4" /><circle class="wheel" cx="22" cy="24" r="4" /><circle class="wheel" cx="36" cy="24" r="4" />
      </g>
    </g>
  );
}

export function Landscape() {
  return (
    <svg class="landscape" viewBox="0 0 1200 300" preserveAspectRatio="xMidYMax slice" aria-hidden="true" focusable="false">
      <g class="stars">{stars.map(([x, y, radius]) => <circle key={x} cx={x} cy={y} r={radius} />)}</g>
      <circle class="glow" cx="960" cy="116" r="78" />
      <circle class="sun" cx="960" cy="116" r="42" />
      <path class="moon" d="M975 77a42 42 0 1 0 26 58 35 35 0 0 1-26-58Z" />
      <Cloud name="cloud-a" x={120} y={64} scale={1.25} />
      <Cloud name="cloud-b" x={660} y={40} scale={0.9} />
      <Cloud name="cloud-c" x={1060} y={118} scale={0.8} />
      <path class="hill hill-far" d="M0 214C120 150 240 150 380 200s250 34 380-14 280-40 440 22v92H0z" />
      <path class="hill hill-middle" d="M0 250c150-54 330-50 480-14s300 30 420-4 210-22 300 4v64H0z" />
      <Train />
      <Tree x={176} y={262} scale={0.95} /><Tree x={222} y={268} scale={0.72} /><Tree x={1040} y={258} scale={0.85} /><Tree x={1082} y={262} scale={1.1} />
      <path class="hill hill-near" d="M0 282c200-32 380-26 600-10s420 4 600-16v44H0z" />
    </svg>
  );
}
