export const en = {
  home: 'Home',
  hello: (name: string): string => `What waits for you, ${name}`,
  nothing: 'Nothing waits.',
  unanswered: 'Messages without an answer',
  dossiers: 'Dossiers to decide',
  votes: 'Proposals to vote on',
  applications: 'Applications for membership',
  alerts: 'Alerts of the last two weeks',
  reports: 'Reports of the last two weeks',
  failing: 'Messages that cannot be delivered',
  jobs: 'Jobs',
  all: 'Show all',
  alert: (code: string): string =>
    ({
      already_dispensed: 'A pack was dispensed a second time',
      already_redeemed: 'The code under the coating was redeemed a second time',
    })[code] ?? code,
  jobRunning: 'A batch is being released',
  jobFailed: (code: string): string => `A release failed: ${code}`,
  cannot: (n: number, code: string): string => `${n} (${code})`,
}
