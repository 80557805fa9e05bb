package memstore

import (
	"testing"

	"theriac/internal/storetest"
)

func TestMessages(t *testing.T)     { storetest.Messages(t, New()) }
func TestArchive(t *testing.T)      { storetest.Archive(t, New()) }
func TestWorks(t *testing.T)        { storetest.Works(t, New()) }
func TestJobs(t *testing.T)         { storetest.Jobs(t, New()) }
func TestDocuments(t *testing.T)    { storetest.Documents(t, New()) }
func TestAudit(t *testing.T)        { storetest.Audit(t, New()) }
func TestApplications(t *testing.T) { storetest.Applications(t, New()) }
func TestResponses(t *testing.T)    { storetest.Responses(t, New()) }
func TestPeople(t *testing.T)       { storetest.People(t, New()) }
func TestReports(t *testing.T)      { storetest.Reports(t, New()) }
func TestLists(t *testing.T)        { storetest.Lists(t, New()) }

func TestLines(t *testing.T)         { storetest.Lines(t, New()) }
func TestRegistrations(t *testing.T) { storetest.Registrations(t, New()) }
func TestConsignments(t *testing.T)  { storetest.Consignments(t, New()) }
