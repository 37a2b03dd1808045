// The studio's icons: one line weight, drawn on a grid of 24.
import type { ComponentChildren } from 'preact';

const paths = {
  heart: <path d="M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.4 4.3 4.3 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10Z" />,
  trash: <path d="M5 7h14M10 7V4.8h4V7M7 7l.8 12.2h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5" />,
  download: <path d="M12 4.5v10.5m0 0 4.2-4.2M12 15l-4.2-4.2M5 19.2h14" />,
  share: <path d="M9.6 13.4a3.6 3.6 0 0 0 5.1 0l3-3a3.6 3.6 0 0 0-5.1-5.1l-1 1M14.4 10.6a3.6 3.6 0 0 0-5.1 0l-3 3a3.6 3.6 0 0 0 5.1 5.1l1-1" />,
  restore: <path d="M4.8 12a7.2 7.2 0 1 0 2.3-5.3M4.6 4.6v3.9h3.9" />,
  remix: <path d="M4.5 7.5h3.2c4.6 0 4.2 9 8.8 9h3m0 0-2.6-2.6m2.6 2.6-2.6 2.6M4.5 16.5h3.2c1.6 0 2.6-1.1 3.3-2.5M13 9.6c.8-1.3 1.8-2.1 3.5-2.1h3m0 0-2.6-2.6m2.6 2.6-2.6 2.6" />,
  compare: <path d="M4.5 6h6.5v12H4.5zM13 6h6.5v12H13zM12 3.5v17" />,
  dice: <path d="M7 4.5h10A2.5 2.5 0 0 1 19.5 7v10a2.5 2.5 0 0 1-2.5 2.5H7A2.5 2.5 0 0 1 4.5 17V7A2.5 2.5 0 0 1 7 4.5ZM8.6 8.6h.01M15.4 8.6h.01M12 12h.01M8.6 15.4h.01M15.4 15.4h.01" />,
  locked: <path d="M6.5 10.8h11v8.2h-11zM8.8 10.8V8a3.2 3.2 0 0 1 6.4 0v2.8" />,
  unlocked: <path d="M6.5 10.8h11v8.2h-11zM8.8 10.8V7.6a3.2 3.2 0 0 1 6.2-1.1" />,
  close: <path d="m6.5 6.5 11 11m0-11-11 11" />,
  search: <path d="M10.8 17a6.2 6.2 0 1 0 0-12.4 6.2 6.2 0 0 0 0 12.4Zm4.5-1.7 4.2 4.2" />,
  play: <path d="M8 5.2v13.6L19 12z" />,
  pause: <path d="M8.5 5.5v13M15.5 5.5v13" />,
  folder: <path d="M4 7.2c0-.9.6-1.5 1.5-1.5h4l2 2.3h7c.9 0 1.5.6 1.5 1.5v7.3c0 .9-.6 1.5-1.5 1.5h-13c-.9 0-1.5-.6-1.5-1.5z" />,
  person: <path d="M12 11.5a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2ZM5 19.5c.6-3.6 3.4-5.2 7-5.2s6.4 1.6 7 5.2" />,
  more: <path class="icon-dots" d="M5.5 12h.01M12 12h.01M18.5 12h.01" />,
  key: <path d="M7.8 15.8a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6ZM11.6 12H20v3.6M16.4 12v2.6" />,
  sun: <path d="M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v1.8M12 19.2V21M3 12h1.8M19.2 12H21M5.6 5.6l1.3 1.3M17.1 17.1l1.3 1.3M5.6 18.4l1.3-1.3M17.1 6.9l1.3-1.3" />,
  moon: <path d="M19.5 14.3A7.8 7.8 0 0 1 9.7 4.5a7.8 7.8 0 1 0 9.8 9.8Z" />,
  system: <path d="M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm0 0v16M12 8h6.8M12 12h8M12 16h6.8" />,
  language: <path d="M4 6.5h9M8.5 4.5v2M11 6.5c-.6 3.4-3 6.3-6.5 7.7M6.3 9.3c1.1 2.2 2.9 3.9 5 4.9M12.5 19.5l3.7-9 3.8 9M13.8 16.5h4.9" />,
  leave: <path d="M13.5 5H6.5v14h7M10.5 12h9.5m0 0-3.2-3.2M20 12l-3.2 3.2" />,
  keyboard: <path d="M3.5 7h17v10.5h-17zM7 10.5h.01M10.3 10.5h.01M13.6 10.5h.01M17 10.5h.01M8.5 14h7" />,
  check: <path d="m5.5 12.5 4.3 4.3 8.7-9.3" />,
  chevron: <path d="m7 10 5 5 5-5" />,
  left: <path d="m14.5 6-6 6 6 6" />,
  right: <path d="m9.5 6 6 6-6 6" />,
  sparkle: <path d="M11 4.5c.7 4.3 2.2 5.8 6.5 6.5-4.3.7-5.8 2.2-6.5 6.5-.7-4.3-2.2-5.8-6.5-6.5 4.3-.7 5.8-2.2 6.5-6.5ZM18.3 15.7c.3 1.6.9 2.2 2.5 2.5-1.6.3-2.2.9-2.5 2.5-.3-1.6-.9-2.2-2.5-2.5 1.6-.3 2.2-.9 2.5-2.5Z" />,
  brush: <path d="M19.8 4.2c-3.4 1.2-7.4 4.7-9.7 8.3l1.4 1.4c3.6-2.3 7.1-6.3 8.3-9.7ZM9.3 13.6c-1.9-.2-3.2 1-3.5 2.8-.2 1.2-.9 2-2 2.3 2.7 1.4 6.6.5 6.9-3.5z" />,
  swap: <path d="M4.5 8.5h13m0 0-3-3m3 3-3 3M19.5 15.5h-13m0 0 3-3m-3 3 3 3" />,
  tick: <path d="M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16Zm-3.5-8 2.5 2.5 4.7-5" />,
  ring: <path d="M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16Z" />,
  alert: <path d="M12 8v5M12 16.2h.01M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z" />,
  file: <path d="M7 3.8h6.5L18 8.3v12H7zM13.2 4v4.6h4.6M12.5 17v-5m0 0-2 2m2-2 2 2" />,
  sliders: <path d="M4 8h8M16.5 8H20M4 16h3.5M12 16h8M14.2 10.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6ZM9.8 18.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6Z" />,
  film: <path d="M4.5 5.5h15v13h-15zM8.3 5.5v13M15.7 5.5v13M4.5 9.8h3.8M4.5 14.2h3.8M15.7 9.8h3.8M15.7 14.2h3.8" />,
} satisfies Record<string, ComponentChildren>;

export type IconName = keyof typeof paths;

interface IconProps {
  name: IconName;
  filled?: boolean;
}

export function Icon({ name, filled = false }: IconProps) {
  return (
    <svg class={filled ? 'icon icon-filled' : 'icon'} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {paths[name]}
    </svg>
  );
}

/** The sign over the door: a sun over a red hill. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <clipPath id="mark-frame"><rect width="32" height="32" rx="9" /></clipPath>
      <g clip-path="url(#mark-frame)">
        <rect width="32" height="32" class="mark-sky" />
        <circle cx="16" cy="15" r="6.5" class="mark-sun" />
        <path d="M-1 23c6-5 11-5 17-1s12 3 17-1v13H-1z" class="mark-hill" />
      </g>
    </svg>
  );
}

/** The shape of a picture, as a small frame. */
export function Frame({ ratio }: { ratio: number }) {
  const width = ratio >= 1 ? 16 : 16 * ratio;
  const height = ratio >= 1 ? 16 / ratio : 16;
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <rect x={12 - width / 2} y={12 - height / 2} width={width} height={height} rx="2" />
    </svg>
  );
}
