// Every sentence of the studio in English. zh.ts has the same keys; the type below checks it.

const clips = (count: number): string => (count === 1 ? '1 clip' : `${count} clips`);

export const en = {
  language: 'English',
  name: 'Hotshot',
  nav: {
    make: 'Studio', library: 'Library', keys: 'Keys', signOut: 'Sign out', menu: 'Menu', skip: 'Skip to content',
    theme: 'Light or dark', themeAuto: 'As the system', themeLight: 'Light', themeDark: 'Dark', language: 'Language', shortcuts: 'Keyboard shortcuts',
    account: (name: string) => `Signed in as ${name}`, home: 'Hotshot studio, start page',
  },
  common: {
    cancel: 'Cancel', close: 'Close', save: 'Save', retry: 'Try again', undo: 'Undo', copy: 'Copy', copied: 'Copied', back: 'Back', more: 'More',
    loading: 'One moment…', none: 'none', done: 'Done', remove: 'Remove',
  },
  time: {
    moment: 'a moment', now: 'just now',
    seconds: (count: number) => `${count} s`, minutes: (count: number) => `${count} min`, hours: (count: number) => `${count} h`,
    ago: (span: string) => `${span} ago`,
  },
  make: {
    title: 'What shall we see?',
    titleAgain: 'What next?',
    lead: 'Say it in a sentence. A small picture book comes to life.',
    prompt: 'Describe your clip',
    placeholder: 'a red car drives through the snow at night',
    go: 'Make it', goMany: (count: number) => `Make ${clips(count)}`, going: 'Sending…',
    hint: (key: string) => `${key} + Enter`,
    clear: 'Clear',
    tries: 'Try one of these',
    surprise: 'Surprise me',
    helper: 'Compose a scene', helperHide: 'Hide the scene helper',
    replaced: 'Your words were replaced.',
    remixing: 'Remix of', stopRemix: 'Not a remix',
    expect: (span: string) => `about ${span} each`,
    left: (left: number, perDay: number) => `${left} of ${perDay} clips left today`,
    noneLeft: 'No clips left today. The count starts again at midnight.',
    tooMany: (left: number) => `Only ${left} left today: make fewer at once.`,
    queueFull: 'The queue is full: wait for some clips to finish.',
    closed: 'New clips can no longer be made here.',
    noModel: 'No model is ready yet.',
    sent: (count: number) => `${clips(count)} in the queue`,
    restored: (model: string) => `Settings restored (${model})`,
    restoredOther: (model: string) => `Settings restored. They were made with ${model}, which is not here; the model chosen now is used.`,
  },
  scene: {
    color: 'Colour', subject: 'Who or what', action: 'Does what', place: 'Where', time: 'When', weather: 'Weather',
    unlikely: 'Choosing this changes the rest to fit',
  },
  settings: {
    model: 'Model', prompt: 'Prompt', negative: 'Leave out', size: 'Shape', seconds: 'Length', frames: 'Frames', fps: 'Frames per second', seed: 'Seed',
    steps: 'Steps', guidance: 'Guidance', sampler: 'Sampler', shift: 'Shift', count: 'How many',
    shape: { square: 'Square', wide: 'Wide', tall: 'Tall' },
    frameCount: (frames: number, fps: number) => `${frames} frames, ${fps} a second`,
    longer: 'Longer than it was trained on: later moments may drift.',
    advanced: 'Fine tuning',
    seedRandom: 'random', seedDice: 'Draw a new seed', seedLock: 'Keep this seed', seedUnlock: 'A new seed each time',
    seedHelp: 'The same seed and settings make the same clip.',
    stepsHelp: 'More is slower and finer.', guidanceHelp: 'How closely to follow the words; 1 is off.', negativeHelp: 'What it should not show.',
    own: (value: string) => `model’s own: ${value}`, reset: 'Back to the model’s own',
    notReady: (id: string) => `${id} (not ready)`,
    requested: 'Asked', effective: 'Made', changed: 'not as asked',
  },
  jobs: {
    title: 'On the easel', recent: 'Lately', empty: 'Your clips will appear here.',
    all: 'See the whole library',
    next: 'Next in line', ahead: (count: number) => `${count} ahead of it`,
    waiting: 'Waiting', starting: 'Starting',
    phase: {
      loading: 'Opening the paint box', encoding: 'Reading your words', sampling: 'Painting', decoding: 'Developing the frames', writing: 'Binding the film',
    },
    step: (done: number, total: number) => `step ${done} of ${total}`,
    left: (span: string) => `about ${span} left`,
    attempt: (count: number) => `attempt ${count}`,
    cancel: 'Cancel', cancelling: 'Cancelling…', retry: 'Try again', dismiss: 'Put away', compare: 'Compare',
    cancelled: 'Cancelled', failed: 'This one did not work out',
    clip: 'Clip', open: (prompt: string) => `Open: ${prompt}`,
    ready: (prompt: string) => `Ready: ${prompt}`, look: 'Look',
    progress: 'Progress', warnings: 'Notes',
    reuse: 'Use these settings',
  },
  reasons: {
    cancelled: 'You stopped it.',
    out_of_memory: 'There was not enough memory. A smaller or shorter clip may fit.',
    invalid_request: 'The model cannot make this.',
    moderation: 'This was not accepted.',
    worker_crashed: 'The painter stopped too many times.',
    internal: 'Something went wrong on our side.',
    unknown: 'Something went wrong on our side.',
  },
  live: {
    reconnecting: 'Reconnecting… Nothing is lost.', polling: 'Live updates are blocked here; looking every few seconds instead.', back: 'Connected again',
  },
  library: {
    title: 'Library', search: 'Search your clips', all: 'All clips', favourites: 'Favourites', trash: 'Trash', folders: 'Folders', newFolder: 'New folder',
    noFolder: 'No folder', moveTo: 'Move to folder', folderName: 'Name of the folder',
    empty: 'Nothing here yet.', emptySearch: 'No clip has these words.', emptyFavourites: 'Mark a clip with a heart and it stays here.',
    emptyTrash: 'The trash is empty.', makeOne: 'Make a clip',
    select: 'Select', selected: (count: number) => `${count} selected`, selectAll: 'All shown', stopSelect: 'Done',
    favourite: 'Favourite', unfavourite: 'No longer a favourite', trashIt: 'To the trash', restore: 'Restore', forever: 'Delete for good',
    foreverAsk: (count: number) => `Delete ${clips(count)} for good? This cannot be undone.`,
    trashed: (count: number) => `${clips(count)} in the trash`, restored: (count: number) => `${clips(count)} restored`, removed: (count: number) => `${clips(count)} deleted`,
    moved: (count: number, folder: string) => (folder ? `${clips(count)} moved to ${folder}` : `${clips(count)} out of folders`),
    download: 'Download', compare: 'Compare', pickOne: 'Choose one more clip to compare.', pickTwo: 'Choose two clips to compare.',
    pick: (prompt: string) => `Choose: ${prompt}`, end: 'That is all.', loadMore: 'Show more',
    stored: (size: string, count: number) => `${clips(count)}, ${size} on this machine`,
  },
  clip: {
    title: 'Title', untitled: 'Give it a title', restore: 'Use these settings', remix: 'Remix', remixHelp: 'Start from this one and change something',
    download: 'Download', share: 'Share', shareMake: 'Make a link', shareRevoke: 'Revoke the link', shareHelp: 'Whoever has the link can watch, without an account.',
    shareLink: 'Link', shareRevoked: 'The link no longer works', details: 'How it was made', lineage: 'Lineage', ancestors: 'Comes from', descendants: 'Became',
    thisOne: 'This one', siblings: 'Made together', madeOn: (moment: string) => `Made ${moment}`, took: (span: string) => `in ${span}`,
    compare: 'Compare with…', folder: 'Folder', previous: 'Newer clip', next: 'Older clip', play: 'Play', pause: 'Pause',
    missing: 'This clip is not here (any more).', unavailable: 'not made', formats: { video: 'MP4', webm: 'WebM', gif: 'GIF', webp: 'WebP' },
    by: (name: string) => `by ${name}`,
  },
  compare: {
    title: 'Side by side', left: 'Left', right: 'Right', same: 'the same', differs: 'differs', noDifference: 'Made with the same settings.',
    speed: 'Speed', position: 'Position', swap: 'Swap sides',
  },
  drop: {
    title: 'Drop it here', lead: 'A clip made here brings its recipe back.', open: 'Open a clip to restore its settings',
    reading: 'Reading the recipe…', none: 'There is no recipe in this file. Only clips made here carry one.', tooBig: 'This file is too big.',
  },
  archive: {
    out: 'Export everything', into: 'Import an archive…', packing: 'Your clips and their settings are being packed into one ZIP.',
    reading: 'Reading the archive…',
    done: (added: number, known: number, problems: number) =>
      `${clips(added)} added${known > 0 ? `, ${known} were here already` : ''}${problems > 0 ? `, ${problems} left out` : ''}.`,
  },
  account: {
    setupTitle: 'A new studio', setupLead: 'Choose the name and password of its first account. It is yours; nothing leaves this machine.',
    setupNoSecret: 'This studio has no owner yet. Open the set-up link that the server printed when it started.',
    setupSecret: 'Set-up code', name: 'Name', password: 'Password', passwordHelp: 'At least 8 characters.', passwordAgain: 'Password again',
    mismatch: 'The two passwords differ.', tooShort: 'Please use at least 8 characters.', begin: 'Open the studio',
    signInTitle: 'Welcome back', signInLead: 'Sign in to your studio.', signIn: 'Sign in', wrong: 'Name or password are not right.',
  },
  keys: {
    title: 'Keys', lead: 'With a key, programs can make clips for you.', create: 'New key', name: 'What is it for?', scope: 'It may', expires: 'Valid for',
    scopes: { read: 'look', generate: 'look and make clips', admin: 'do everything' },
    never: 'always', days: (count: number) => `${count} days`, year: 'a year',
    once: 'Copy it now: it is shown this one time only.', secret: 'Your new key', empty: 'No keys yet.', used: (span: string) => `last used ${span}`,
    unused: 'not used yet', made: (date: string) => `made ${date}`, until: (date: string) => `until ${date}`, expired: 'expired',
    revoke: 'Revoke', revokeAsk: (name: string) => `Revoke “${name}”? Programs that use it stop working at once.`, revoked: 'Key revoked',
  },
  sunset: {
    title: 'This studio is closing', creation: (date: string) => `New clips can be made until ${date}.`, creationOver: 'New clips can no longer be made.',
    exportUntil: (date: string) => `Everything can be downloaded until ${date}.`,
  },
  shortcuts: {
    title: 'Keyboard shortcuts', anywhere: 'Anywhere', inClip: 'At a clip', generate: 'Make the clip', focusPrompt: 'Write a prompt', library: 'Library',
    studio: 'Studio', search: 'Search the library', help: 'This list', favourite: 'Favourite', play: 'Play or pause', neighbours: 'Newer or older clip',
    restore: 'Use its settings', remix: 'Remix', trash: 'To the trash', close: 'Close or go back',
  },
  errors: {
    unreachable: 'The studio cannot be reached just now.', tooMany: 'Too many requests. Please wait a little.', forbidden: 'This account may not do that.',
    missing: 'That is not here any more.', server: 'Something went wrong on our side. Please try again.', tooLarge: 'That is too large.', broken: 'The page ran into a mistake.', reload: 'Load it again',
  },
};

type Widened<Value> = Value extends (...parameters: infer Parameters) => string
  ? (...parameters: Parameters) => string
  : Value extends string ? string : { [Key in keyof Value]: Widened<Value[Key]> };

export type Dictionary = Widened<typeof en>;
