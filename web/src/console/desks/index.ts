// The screens of the trade's roles: what a supplier, manufacturer, drug
// administration, distributor, pharmacy or hospital does all day.
import { language } from '../../text/text'
import { lazily } from '../lazily'
import type { Screen } from '../screen'
import './desks.css'
import { administrationTexts } from './text.administration'
import { counterTexts } from './text.counter'
import { linesTexts } from './text.lines'
import { manufacturerTexts } from './text.manufacturer'
import { measureTexts } from './text.measure'
import { supplierTexts } from './text.supplier'
import { tradeTexts } from './text.trade'

const counters = ['pharmacy', 'hospital']
const trade = ['distributor', ...counters]
const reads = ['messages', 'message']

/** The screens of the trades, those that are used most first. */
export const screens: Screen[] = [
  {
    path: 'dispense',
    title: () => counterTexts[language()].dispenseTitle,
    needs: ['move'],
    roles: counters,
    view: lazily(() => import('./dispense').then((m) => m.Dispense)),
  },
  {
    path: 'check',
    title: () => counterTexts[language()].checkTitle,
    needs: [],
    roles: [...trade, 'administration'],
    view: lazily(() => import('./checkpack').then((m) => m.CheckPack)),
  },
  {
    path: 'dossiers',
    title: () => administrationTexts[language()].dossiersTitle,
    needs: ['dossier-list'],
    roles: ['administration'],
    view: lazily(() => import('./dossiers').then((m) => m.Dossiers)),
  },
  {
    path: 'requests',
    title: () => supplierTexts[language()].title,
    needs: reads,
    roles: ['supplier'],
    view: lazily(() => import('./supplier').then((m) => m.Requests)),
  },
  {
    path: 'materials',
    title: () => manufacturerTexts[language()].materialsTitle,
    needs: reads,
    roles: ['manufacturer'],
    view: lazily(() => import('./materials').then((m) => m.Materials)),
  },
  {
    path: 'approvals',
    title: () => manufacturerTexts[language()].approvalsTitle,
    needs: reads,
    roles: ['manufacturer'],
    view: lazily(() => import('./approvals').then((m) => m.Approvals)),
  },
  {
    path: 'batches',
    title: () => manufacturerTexts[language()].batchesTitle,
    needs: ['batch-list', 'certificate-list', ...reads],
    roles: ['manufacturer'],
    view: lazily(() => import('./batches').then((m) => m.Batches)),
  },
  {
    path: 'distribution',
    title: () => manufacturerTexts[language()].distributionTitle,
    needs: ['batch-list', 'certificate-list', 'stock', ...reads],
    roles: ['manufacturer'],
    view: lazily(() => import('./distribution').then((m) => m.Distributions)),
  },
  {
    path: 'measure',
    title: () => measureTexts[language()].title,
    needs: ['registration-list', 'device-list'],
    roles: [...trade, 'manufacturer'],
    view: lazily(() => import('./measure').then((m) => m.Measure)),
  },
  {
    path: 'shipments',
    title: () => tradeTexts[language()].shipmentsTitle,
    needs: reads,
    roles: [...trade, 'manufacturer'],
    view: lazily(() => import('./shipments').then((m) => m.Shipments)),
  },
  {
    path: 'stock',
    title: () => tradeTexts[language()].stockTitle,
    needs: ['stock'],
    roles: [...trade, 'manufacturer'],
    view: lazily(() => import('./stockroom').then((m) => m.Stockroom)),
  },
  {
    path: 'dispatch',
    title: () => tradeTexts[language()].dispatchTitle,
    needs: ['stock', ...reads],
    roles: trade,
    view: lazily(() => import('./dispatches').then((m) => m.Dispatches)),
  },
  {
    path: 'moves',
    title: () => counterTexts[language()].movesTitle,
    needs: ['stock', 'move'],
    roles: [...trade, 'manufacturer', 'administration'],
    view: lazily(() => import('./moving').then((m) => m.Moves)),
  },
  {
    path: 'lines',
    title: () => linesTexts[language()].title,
    needs: ['line-list', 'registration-list'],
    roles: ['manufacturer', 'supplier'],
    view: lazily(() => import('./lines').then((m) => m.Lines)),
  },
  {
    path: 'certificates',
    title: () => administrationTexts[language()].certificatesTitle,
    needs: ['certificate-list'],
    roles: ['administration', 'manufacturer'],
    view: lazily(() => import('./certificates').then((m) => m.Certificates)),
  },
  {
    path: 'signals',
    title: () => administrationTexts[language()].signalsTitle,
    needs: ['certificate-list', ...reads],
    roles: ['administration', 'manufacturer'],
    view: lazily(() => import('./signalboard').then((m) => m.Signals)),
  },
  {
    path: 'recalls',
    title: () => administrationTexts[language()].recallTitle,
    needs: ['recall', 'certificate-list'],
    roles: ['administration', 'manufacturer'],
    view: lazily(() => import('./recall').then((m) => m.Recalls)),
  },
]
