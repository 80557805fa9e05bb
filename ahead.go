package theriac

import (
	"runtime"
	"sync/atomic"

	"theriac/canon"
	"theriac/envelope"
	"theriac/pedigree"
)

// An ahead verifies signatures on cores that are idle. They are nearly all of the
// work of a verification, and none depends on another; what is refused, and for
// which reason, is decided in the paper's order all the same. Nobody waits for it:
// a signature that it has not verified by then is verified again. The zero ahead
// does nothing.
type ahead struct {
	jobs    map[envelope.Signature]*job
	stopped *atomic.Bool
}

// A job is one signature.
type job struct {
	key   envelope.Key
	sig   envelope.Signature
	state atomic.Int32
}

// The states of a job. A bad signature stays taken: the caller finds out itself why.
const (
	jobOpen int32 = iota
	jobTaken
	jobGood
)

// start begins with the signatures of messages and anchors, whose keys the
// ledger's records prove.
func (a *ahead) start(links []pedigree.Link, keys map[canon.Digest]envelope.Holder) {
	helpers := runtime.GOMAXPROCS(0) - 1
	if helpers == 0 {
		return
	}
	a.jobs, a.stopped = make(map[envelope.Signature]*job, 2*len(links)), new(atomic.Bool)
	list := make([]*job, 0, 2*len(links))
	add := func(sig envelope.Signature) {
		if h, ok := keys[sig.KeyID]; ok && a.jobs[sig] == nil {
			j := &job{key: h.Key, sig: sig}
			a.jobs[sig], list = j, append(list, j)
		}
	}
	// In the order of the log: the verification comes from the other end.
	for i := range links {
		if links[i].Err == nil {
			add(links[i].Message.Signature())
			add(links[i].Anchor.Signature)
		}
	}
	for range min(helpers, len(list)) {
		go help(list, a.stopped)
	}
}

func help(list []*job, stopped *atomic.Bool) {
	for _, j := range list {
		if stopped.Load() {
			return
		}
		if j.state.CompareAndSwap(jobOpen, jobTaken) && j.key.Verify(j.sig) == nil {
			j.state.Store(jobGood)
		}
	}
}

// verified reports whether a signature was found good. One that nobody has begun
// with is its caller's from now on.
func (a *ahead) verified(sig envelope.Signature) bool {
	j := a.jobs[sig]
	return j != nil && !j.state.CompareAndSwap(jobOpen, jobTaken) && j.state.Load() == jobGood
}

// stop ends the helpers, each after the signature that it is at.
func (a *ahead) stop() {
	if a.stopped != nil {
		a.stopped.Store(true)
	}
}
