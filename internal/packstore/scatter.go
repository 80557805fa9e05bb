package packstore

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"theriac/gs1"
	"theriac/merkle"
)

const (
	leafSize = len(merkle.Hash{})
	fanOut   = 256
)

// A scatter parts leaves, with their serial numbers, by the byte that follows
// those that all of them share. Leaves are hashes, so the parts are of about one
// size. A record in them is
//
//	leaf (32 bytes) ‖ length (1 byte) ‖ serial number
type scatter struct {
	spool   *spool
	shared  []byte
	buckets [fanOut]bucket
}

const recordHead = leafSize + 1

func newScatter(to *spool, shared []byte) *scatter {
	s := &scatter{spool: to, shared: shared}
	for i := range s.buckets {
		s.buckets[i].spool = to
	}
	return s
}

// A deal is the memory that one goroutine needs to add to a scatter.
type deal struct {
	records []byte
	counts  [fanOut]uint64
	ends    [fanOut]int
}

// add adds leaves with their serial numbers. Several goroutines may add.
func (s *scatter) add(d *deal, leaves []merkle.Hash, serials []gs1.Serial) error {
	d.counts = [fanOut]uint64{}
	var starts [fanOut]int
	at, total := len(s.shared), 0
	for i := range leaves {
		c := leaves[i][at]
		d.counts[c]++
		starts[c] += recordHead + len(serials[i])
	}
	for c, n := range starts {
		starts[c], d.ends[c] = total, total
		total += n
	}
	d.records = slices.Grow(d.records[:0], total)[:total]
	for i := range leaves {
		end := &d.ends[leaves[i][at]]
		*end += copy(d.records[*end:], leaves[i][:])
		d.records[*end] = byte(len(serials[i]))
		*end += 1 + copy(d.records[*end+1:], serials[i])
	}
	for c := range s.buckets {
		if d.counts[c] == 0 {
			continue
		}
		if err := s.buckets[c].add(d.records[starts[c]:d.ends[c]], d.counts[c]); err != nil {
			return err
		}
	}
	return nil
}

// count returns the number of records. No goroutine may add any more.
func (s *scatter) count() (n uint64) {
	for i := range s.buckets {
		n += s.buckets[i].count
	}
	return n
}

// A piece is a bucket small enough to be sorted, and the place of its first leaf.
type piece struct {
	bucket *bucket
	start  uint64
}

// pieces gives all records in pieces that rise, of at most limit bytes, and
// parts those buckets again that are larger. No goroutine may add any more.
func (s *scatter) pieces(limit int) iter.Seq2[piece, error] {
	return func(yield func(piece, error) bool) {
		start := uint64(0)
		s.walk(limit, &start, yield)
	}
}

func (s *scatter) walk(limit int, start *uint64, yield func(piece, error) bool) bool {
	for i := range s.buckets {
		b := &s.buckets[i]
		if b.count == 0 {
			continue
		}
		if b.bytes <= int64(limit) {
			if !yield(piece{b, *start}, nil) {
				return false
			}
			*start += b.count
			continue
		}
		parts, err := s.part(byte(i))
		if err != nil {
			yield(piece{}, err)
			return false
		}
		if !parts.walk(limit, start, yield) {
			return false
		}
	}
	return true
}

// part returns the records of a bucket, scattered by their next byte.
func (s *scatter) part(c byte) (*scatter, error) {
	parts := newScatter(s.spool, append(slices.Clip(s.shared), c))
	next := len(parts.shared)
	err := s.buckets[c].drain(func(records []byte) error {
		for len(records) > 0 {
			n, err := recordSize(records)
			if err != nil {
				return err
			}
			if next == leafSize { // they share all of the leaf
				return duplicate(records[recordHead:n])
			}
			if err := parts.buckets[records[next]].add(records[:n], 1); err != nil {
				return err
			}
			records = records[n:]
		}
		return nil
	})
	return parts, err
}

func duplicate(serial []byte) error { return fmt.Errorf("%w: %q", ErrDuplicate, serial) }

// errSpool is returned for a disk that does not give back what was written.
var errSpool = errors.New("packstore: the spool is damaged")

// recordSize returns the size of the first record.
func recordSize(records []byte) (int, error) {
	if len(records) < recordHead || records[leafSize] > maxSerial || len(records) < recordHead+int(records[leafSize]) {
		return 0, errSpool
	}
	return recordHead + int(records[leafSize]), nil
}

// A bucket is a part of a scatter: the chunks that it has in the spool, and the
// one that it fills.
type bucket struct {
	spool *spool

	mu     sync.Mutex
	count  uint64
	bytes  int64
	last   chunk // in the spool, or none
	buffer []byte
}

func (b *bucket) add(records []byte, count uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count += count
	b.bytes += int64(len(records))
	for len(records) > 0 {
		fits := len(records)
		if len(b.buffer)+fits > b.spool.capacity() {
			n, err := recordSize(records)
			if err != nil {
				return err
			}
			if len(b.buffer)+n > b.spool.capacity() {
				if err := b.spill(); err != nil {
					return err
				}
			}
			fits = n
		}
		b.buffer = append(b.buffer, records[:fits]...)
		records = records[fits:]
	}
	return nil
}

func (b *bucket) spill() (err error) {
	b.last, err = b.spool.write(b.buffer, b.last)
	b.buffer = b.buffer[:0]
	return err
}

// drain gives all records to take, some at a time, and forgets them.
func (b *bucket) drain(take func(records []byte) error) error {
	if err := take(b.buffer); err != nil {
		return err
	}
	b.buffer = nil
	if b.last == none {
		return nil
	}
	return b.spool.drain(b.last, take)
}
