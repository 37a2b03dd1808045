// The server goes away and comes back; the page waits and nothing is lost.
import { story } from './support/story.mjs';
import { assertPlays } from './support/studio.mjs';

const gone = [/ERR_CONNECTION_REFUSED/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /ERR_SOCKET_NOT_CONNECTED/];
const away = 'Reconnecting… Nothing is lost.';

story('a server that is killed in the middle of a clip finishes it afterwards', async ({ studio, server, watch }) => {
  gone.forEach((pattern) => watch.expect(pattern));
  await studio.visit();
  await studio.prompt.fill('a red car drives to the left in the snow at night');
  await studio.fold('Fine tuning');
  await studio.page.getByLabel('Steps').fill('120');
  const card = await studio.make();
  await card.getByText(/^step \d/).waitFor();
  await server.end('SIGKILL');
  await studio.page.getByText(away).waitFor();
  await server.start();
  await studio.page.getByText(away).waitFor({ state: 'detached' });
  await studio.finished(card).waitFor();
  await assertPlays(card.locator('video'));
});

story('a page says that the server is gone, and when it is back', async ({ studio, server, watch }) => {
  gone.forEach((pattern) => watch.expect(pattern));
  const { prompt } = await server.clip();
  await studio.visit();
  await studio.finished(studio.newest).waitFor();
  await server.end();
  await studio.page.getByText(away).waitFor();
  await studio.prompt.fill('written while nobody listened');
  await studio.button(/^Make/).click();
  await studio.message('cannot be reached').waitFor();
  await server.start();
  await studio.message('Connected again').waitFor();
  await studio.page.getByText(away).waitFor({ state: 'detached' });
  await studio.page.getByRole('link', { name: 'Library', exact: true }).click();
  await studio.clip(prompt).waitFor();
});
