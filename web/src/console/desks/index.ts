// The screens of the trade's roles: what a supplier, manufacturer, drug
// administration, distributor, pharmacy or hospital does all day.
import { language } from '../../text/text'
import type { Screen } from '../screen'
import { Approvals } from './approvals'
import { Batches } from './batches'
import { Certificates } from './certificates'
import { CheckPack } from './checkpack'
import './desks.css'
import { Dispatches } from './dispatches'
import { Dispense } from './dispense'
import { Distributions } from './distribution'
import { Dossiers } from './dossiers'
import { Materials } from './materials'
import { Moves } from './moving'
import { Recalls } from './recall'
import { Shipments } from './shipments'
import { Signals } from './signalboard'
import { Stockroom } from './stockroom'
import { Requests } from './supplier'
import { administrationTexts } from './text.administration'
import { counterTexts } from './text.counter'
import { manufacturerTexts } from './text.manufacturer'
import { supplierTexts } from './text.supplier'
import { tradeTexts } from './text.trade'

const counters = ['pharmacy', 'hospital']
const trade = ['distributor', ...counters]
const reads = ['messages', 'message']

/** The screens of the trades, those that are used most first. */
export const screens: Screen[] = [
  { path: 'dispense', title: () => counterTexts[language()].dispenseTitle, needs: ['move'], roles: counters, view: Dispense },
  { path: 'check', title: () => counterTexts[language()].checkTitle, needs: [], roles: [...trade, 'administration'], view: CheckPack },
  {
    path: 'dossiers',
    title: () => administrationTexts[language()].dossiersTitle,
    needs: ['dossier-list'],
    roles: ['administration'],
    view: Dossiers,
  },
  { path: 'requests', title: () => supplierTexts[language()].title, needs: reads, roles: ['supplier'], view: Requests },
  { path: 'materials', title: () => manufacturerTexts[language()].materialsTitle, needs: reads, roles: ['manufacturer'], view: Materials },
  { path: 'approvals', title: () => manufacturerTexts[language()].approvalsTitle, needs: reads, roles: ['manufacturer'], view: Approvals },
  {
    path: 'batches',
    title: () => manufacturerTexts[language()].batchesTitle,
    needs: ['batch-list', 'certificate-list', ...reads],
    roles: ['manufacturer'],
    view: Batches,
  },
  {
    path: 'distribution',
    title: () => manufacturerTexts[language()].distributionTitle,
    needs: ['batch-list', 'certificate-list', 'stock', ...reads],
    roles: ['manufacturer'],
    view: Distributions,
  },
  {
    path: 'shipments',
    title: () => tradeTexts[language()].shipmentsTitle,
    needs: reads,
    roles: [...trade, 'manufacturer'],
    view: Shipments,
  },
  { path: 'stock', title: () => tradeTexts[language()].stockTitle, needs: ['stock'], roles: [...trade, 'manufacturer'], view: Stockroom },
  { path: 'dispatch', title: () => tradeTexts[language()].dispatchTitle, needs: ['stock', ...reads], roles: trade, view: Dispatches },
  {
    path: 'moves',
    title: () => counterTexts[language()].movesTitle,
    needs: ['stock', 'move'],
    roles: [...trade, 'manufacturer', 'administration'],
    view: Moves,
  },
  {
    path: 'certificates',
    title: () => administrationTexts[language()].certificatesTitle,
    needs: ['certificate-list'],
    roles: ['administration', 'manufacturer'],
    view: Certificates,
  },
  {
    path: 'signals',
    title: () => administrationTexts[language()].signalsTitle,
    needs: ['certificate-list', ...reads],
    roles: ['administration', 'manufacturer'],
    view: Signals,
  },
  {
    path: 'recalls',
    title: () => administrationTexts[language()].recallTitle,
    needs: ['recall', 'certificate-list'],
    roles: ['administration', 'manufacturer'],
    view: Recalls,
  },
]
