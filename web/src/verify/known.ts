// Evidence whose verdict is known (testdata/bundles), for the self-test: a part of its
// own, since no page needs it to be shown.
export { default as bundle } from '../../../testdata/bundles/genuine.json?raw'
export { default as trust } from '../../../testdata/bundles/trust.json?raw'
