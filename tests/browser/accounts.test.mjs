// More than one person: the first account, invitations, roles, and the end of both.
import { assertAccessible } from './support/accessible.mjs';
import { story } from './support/story.mjs';

const signIn = { serve: ['--sign-in', 'always'] };
const password = 'a long password';

async function choosePassword(studio) {
  await studio.page.getByLabel('Password', { exact: true }).fill(password);
  await studio.page.getByLabel('Password again').fill(password);
  await studio.button('Open the studio').click();
}

async function setUp(studio, server) {
  await studio.visit(`?setup=${server.setup}`);
  await studio.heading('A new studio').waitFor();
  await studio.page.getByLabel('Name').fill('Ann');
  await choosePassword(studio);
  await studio.heading('What shall we see?').waitFor();
}

async function invite(studio, name) {
  await studio.visit('#/settings/people');
  await studio.button('Invite someone').click();
  await studio.page.getByLabel('Name to sign in with').fill(name);
  await studio.button('Make a link').click();
  const link = await studio.page.getByRole('textbox', { name: `A link for ${name}` }).inputValue();
  await studio.button('Done').click();
  return link;
}

const person = (studio, name) => studio.page.getByRole('listitem').filter({ has: studio.page.getByText(name, { exact: true }) });

story('an invited one joins, is locked out, and let in again', async ({ studio, server, watch, open }) => {
  watch.expect(/status of (401|404)/);
  await setUp(studio, server);
  const link = await invite(studio, 'Bob');
  await person(studio, 'Bob').getByText('invited').waitFor();
  await assertAccessible(studio, 'people');

  const bob = await open();
  await bob.page.goto(link);
  await bob.heading('Welcome, Bob').waitFor();
  await assertAccessible(bob, 'invitation');
  await choosePassword(bob);
  await bob.heading('What shall we see?').waitFor();
  const late = await open();
  await late.page.goto(link);
  await late.heading('This link is over').waitFor();

  await studio.page.reload();
  await studio.choose('What to do with Bob', 'Lock out');
  await studio.message('Bob is locked out').waitFor();
  await bob.page.reload();
  await bob.heading('Welcome back').waitFor();
  await studio.choose('What to do with Bob', 'Let in again');
  await studio.message('Bob may sign in again').waitFor();
  await bob.page.getByLabel('Name').fill('bob');
  await bob.page.getByLabel('Password').fill(password);
  await bob.button('Sign in').click();
  await bob.heading('What shall we see?').waitFor();
}, signIn);

story('roles and limits are changed, and an account goes with its clips', async ({ studio, server, watch, open }) => {
  watch.expect(/status of (401|403|409)/);
  await setUp(studio, server);
  const bob = await open();
  await bob.page.goto(await invite(studio, 'Bob'));
  await choosePassword(bob);
  await bob.make();
  await bob.finished(bob.newest).waitFor();

  await studio.page.reload();
  await person(studio, 'Bob').getByText('1 clip').waitFor();
  await studio.choose('What to do with Bob', 'Change');
  await studio.page.getByLabel('Clips a day').fill('1');
  await studio.button('Save').click();
  await person(studio, 'Bob').getByText('at most 1 a day').waitFor();
  await bob.page.reload();
  await bob.page.getByText('No clips left today.').waitFor();

  await studio.choose('What to do with Ann', 'Lock out');
  await studio.message('There must be an administrator').waitFor();
  await studio.choose('What to do with Bob', 'Remove');
  const remove = studio.button('Remove', { exact: true });
  await studio.page.getByLabel('Delete the one clip of this account as well').check();
  await remove.click();
  await studio.message('Bob is removed').waitFor();
  await person(studio, 'Bob').waitFor({ state: 'detached' });
  await studio.page.getByText('What happened').click();
  await studio.page.getByText('Ann removed Bob').waitFor();
  await bob.page.reload();
  await bob.heading('Welcome back').waitFor();
}, signIn);

story('a password is changed, and other browsers are signed out', async ({ studio, server, watch, open }) => {
  watch.expect(/status of (401|403)/);
  await setUp(studio, server);
  const other = await open();
  await other.visit();
  await other.page.getByLabel('Name').fill('Ann');
  await other.page.getByLabel('Password').fill(password);
  await other.button('Sign in').click();
  await other.heading('What shall we see?').waitFor();

  await studio.choose(/^Signed in/, 'Settings');
  await studio.page.getByText('this one').waitFor();
  await studio.page.getByRole('listitem').nth(1).waitFor();
  await assertAccessible(studio, 'account');
  await studio.page.getByLabel('Current password').fill('another password');
  await studio.page.getByLabel('New password').fill('the next password');
  await studio.page.getByLabel('Password again').fill('the next password');
  await studio.button('Change it').click();
  await studio.page.getByText('That is not the current password.').waitFor();
  await studio.page.getByLabel('Current password').fill(password);
  await studio.button('Change it').click();
  await studio.message('Password changed').waitFor();
  await studio.page.getByRole('listitem').nth(1).waitFor({ state: 'detached' });
  await other.page.reload();
  await other.heading('Welcome back').waitFor();
}, signIn);
