import { useEffect, useState } from 'preact/hooks'
import { get, type Problem } from '../../api/api'
import { Failure } from '../../ui/Failure'
import { asProblem } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { Progress } from '../../ui/Progress'
import type { Job } from './shapes'
import { useSharedText } from './text.shared'

/** Follows a job by the server's events until it is done or has failed. */
export function useJob(job: Job): { now: Job; problem: Problem | undefined } {
  const [now, setNow] = useState(job)
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    if (job.state !== 'running') return
    const path = `/v1/jobs/${encodeURIComponent(job.id)}`
    const source = new EventSource(`${path}/events`)
    const tell = (j: Job) => {
      setNow(j)
      setProblem(undefined)
      if (j.state !== 'running') source.close()
    }
    source.addEventListener('job', (e) => tell(JSON.parse(e.data)))
    source.addEventListener('error', () => {
      // The browser connects again by itself, but not after a refusal: that has words.
      if (source.readyState === EventSource.CLOSED) get<Job>(path).then(tell, (e) => setProblem(asProblem(e)))
    })
    return () => source.close()
  }, [job.id])
  return { now, problem }
}

interface Given {
  job: Job
  label: string
  failed: string
  /** Told once, when it is done. */
  onDone: (job: Job) => void
}

/** A Working shows how far a job is. */
export function Working({ job, label, failed, onDone }: Given) {
  const text = useSharedText()
  const { now, problem } = useJob(job)
  useEffect(() => {
    if (now.state === 'done') onDone(now)
  }, [now.state])
  return (
    <div class="stack" data-job={now.state}>
      {problem && <Failure of={problem} />}
      {now.state === 'running' && <Progress label={label} done={now.done} total={now.total} />}
      {now.state === 'running' && <p>{label}</p>}
      {now.state === 'failed' && (
        <div role="alert">
          <Notice look="bad" title={failed}>
            <p>{now.detail}</p>
            <p class="quiet">{text.code(now.code ?? '')}</p>
          </Notice>
        </div>
      )}
    </div>
  )
}
