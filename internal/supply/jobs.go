package supply

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/internal/audit"
	"theriac/refusal"
)

// A JobState is where a job stands.
type JobState string

// A job runs until it is done or has failed.
const (
	Running  JobState = "running"
	Finished JobState = "done"
	Failed   JobState = "failed"
)

// A Job is work that takes long. Its spec lets it begin again after a crash.
type Job struct {
	ID      canon.ID
	Kind    string
	State   JobState
	Done    uint64
	Total   uint64
	Spec    []byte // canonical JSON
	Result  string
	Code    string // of the refusal that ended it
	Text    string
	Created time.Time
	Updated time.Time
}

// running are the jobs of this process, for who watches.
type running struct {
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu   sync.Mutex
	jobs map[canon.ID]*watched
	lots map[canon.Digest]bool // that are being released

	batches map[canon.ID]api.Batch // that jobs release
}

type watched struct {
	job     Job
	changed chan struct{} // closed at the next change
}

func newRunning() *running {
	ctx, cancel := context.WithCancel(context.Background())
	return &running{ctx: ctx, cancel: cancel, jobs: map[canon.ID]*watched{}, lots: map[canon.Digest]bool{}, batches: map[canon.ID]api.Batch{}}
}

func (r *running) close() {
	r.cancel()
	r.group.Wait()
}

// claim reports whether nobody else releases a lot now; then nobody else may
// until unclaim.
func (r *running) claim(lot canon.Digest) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lots[lot] {
		return false
	}
	r.lots[lot] = true
	return true
}

func (r *running) unclaim(lot canon.Digest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.lots, lot)
}

// set publishes what is known of a job.
func (r *running) set(j Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.jobs[j.ID]
	if w == nil {
		w = &watched{changed: make(chan struct{})}
		r.jobs[j.ID] = w
	}
	w.job = j
	close(w.changed)
	w.changed = make(chan struct{})
	if j.State != Running {
		delete(r.jobs, j.ID)
		delete(r.batches, j.ID)
	}
}

// announce says which batch a job is to release.
func (r *running) announce(job canon.ID, b api.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches[job] = b
}

// releases returns the batches that are being released, with their jobs, the newest first.
func (r *running) releases() []api.Batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	var jobs []*Job
	for id := range r.batches {
		if w := r.jobs[id]; w != nil {
			jobs = append(jobs, &w.job)
		}
	}
	slices.SortFunc(jobs, func(a, b *Job) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID.String(), b.ID.String()))
	})
	out := make([]api.Batch, len(jobs))
	for i, j := range jobs {
		out[i] = r.batches[j.ID]
		out[i].Job = new(j.Shown())
	}
	return out
}

// Shown returns the job as the API shows it.
func (j *Job) Shown() api.Job {
	return api.Job{
		ID: j.ID, Kind: j.Kind, State: string(j.State), Done: j.Done, Total: j.Total, Result: j.Result, Code: j.Code,
		Detail: j.Text, Created: j.Created.UTC().Format(time.RFC3339Nano), Updated: j.Updated.UTC().Format(time.RFC3339Nano),
	}
}

// start runs a job in the background. work reports progress and returns a
// result; a job that the closing of the desk interrupts stays unfinished.
func (d *Desk) start(j Job, work func(ctx context.Context, progress func(done, total uint64)) (string, error)) {
	d.running.set(j)
	d.running.group.Add(1)
	go func() {
		defer d.running.group.Done()
		ctx := d.running.ctx
		result, err := work(ctx, func(done, total uint64) {
			j.Done, j.Total, j.Updated = done, total, d.Now()
			d.running.set(j)
		})
		if ctx.Err() != nil {
			return
		}
		j.State, j.Result, j.Updated = Finished, result, d.Now()
		if err != nil {
			j.State, j.Code, j.Text = Failed, refusal.Code(err), err.Error()
			if j.Code == "" {
				// What broke is the log's to say: it may name files and rows.
				j.Code, j.Text = "error", "something broke here; the operator's log says what"
				d.Log.Error("job", "id", j.ID, "kind", j.Kind, "err", err)
			}
		}
		d.record(ctx, audit.Operator, j.Kind, j.ID.String(), err)
		if err := d.Jobs.PutJob(ctx, &j); err != nil {
			d.Log.Error("job", "id", j.ID, "err", err)
		}
		d.running.set(j)
	}()
}

// job returns a job that runs.
func (r *running) job(id canon.ID) (Job, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.jobs[id]; w != nil {
		return w.job, true
	}
	return Job{}, false
}

// Job returns a job as it is now.
func (d *Desk) Job(ctx context.Context, id canon.ID) (*Job, error) {
	if j, ok := d.running.job(id); ok {
		return &j, nil
	}
	return d.Jobs.Job(ctx, id)
}

// Watch calls each with the job now and at every change until it has ended or
// ctx has.
func (d *Desk) Watch(ctx context.Context, id canon.ID, each func(Job) error) error {
	for {
		d.running.mu.Lock()
		w := d.running.jobs[id]
		var j Job
		var changed chan struct{}
		if w != nil {
			j, changed = w.job, w.changed
		}
		d.running.mu.Unlock()
		if w == nil {
			stored, err := d.Jobs.Job(ctx, id)
			if err != nil {
				return err
			}
			return each(*stored)
		}
		if err := each(j); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-d.running.ctx.Done():
			return ErrBusy
		}
	}
}
