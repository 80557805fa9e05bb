package packstore

import (
	"context"
	"iter"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// maxWorkers bounds the memory of a build on a large machine.
const maxWorkers = 8

func workers() int { return min(runtime.GOMAXPROCS(0), maxWorkers) }

// inOrder does the jobs on all cores and takes the results in the order of the
// jobs. It calls worker once for each goroutine, which has what worker returned
// for itself. A few results wait at a time, however many jobs there are.
func inOrder[J, R any](ctx context.Context, jobs iter.Seq2[J, error], worker func() func(J) (R, error), take func(R) error) error {
	type slot struct {
		job    J
		result chan R
	}
	g, ctx := errgroup.WithContext(ctx)
	work, order := make(chan slot), make(chan slot, 2*workers())
	g.Go(func() error {
		defer close(work)
		defer close(order)
		for job, err := range jobs {
			if err != nil {
				return err
			}
			s := slot{job, make(chan R, 1)}
			for _, to := range []chan slot{order, work} {
				select {
				case to <- s:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range workers() {
		g.Go(func() error {
			do := worker()
			for s := range work {
				r, err := do(s.job)
				if err != nil {
					return err
				}
				s.result <- r
			}
			return nil
		})
	}
	g.Go(func() error {
		for s := range order {
			select {
			case r := <-s.result:
				if err := take(r); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}
