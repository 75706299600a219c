package core_test

import (
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// proven names, for each line of what MCP authorization demands of an MCP
// server and of an authorization server, the tests that hold it.
var proven = map[string][]string{
	"resource server 01": {"TestDS03_ResourceMetadata"},
	"resource server 02": {"TestRS01_NoToken", "TestDS03_ResourceMetadata"},
	"resource server 03": {"TestDS03_ResourceMetadata", "TestDS03_ResourcesOfTenants"},
	"resource server 04": {"TestRS01_NoToken", "TestRS04_DeadTokens", "TestRS08_TwoAuthorizationFields", "TestRS12_TooLittleScope"},
	"resource server 05": {"TestRS01_NoToken"},
	"resource server 06": {"TestRS12_TooLittleScope"},
	"resource server 07": {"TestRS05_TokenForAnotherAudience", "TestRS05_SignedTokenForAnotherAudience"},
	"resource server 08": {"TestRS12_ABroaderScopeIsEnough"},
	"resource server 09": {"TestMCPServer09_10_ScopesThatAreAnnounced"},
	"resource server 10": {"TestMCPServer09_10_ScopesThatAreAnnounced"},
	"resource server 11": {"TestMC01_ForeignOrigins"},
	"resource server 12": {"TestMC14_SessionIDs"},
	"resource server 14": {"TestRFC9449ABoundTokenIsGoodWithItsKeyAlone", "TestRFC9449ProofsThatProveNothing", "TestRFC9449NoncesAtBothServers"},

	"authorization server 01": {"TestTK10_RegisteredMethodIsEnforced", "TestTK23_ClientCredentialsOfAPublicClient"},
	"authorization server 02": {"TestDS01_ServerMetadata", "TestDS01_EveryIssuerAnnouncesWhatItServes"},
	"authorization server 03": {"TestCM01_IdentifiersThatAreNone", "TestCM03_TheAddressThatIsDialledDecides", "TestCM06_TheDocumentNamesItself", "TestCM13_WhatTheConsentPageSays"},
	"authorization server 04": {"TestRG01_PseudoSchemes", "TestRG11_CombinationsThatDoNotFit"},
	"authorization server 05": {"TestAZ01_RedirectVariantsOfALoopbackURI", "TestAZ04_AnyLoopbackPort"},
	"authorization server 06": {"TestAZ28_Approval", "TestIssIsOnEveryAuthorizationResponse"},
	"authorization server 07": {"TestRF01_Rotation", "TestRF02_ReuseKillsTheFamily"},
	"authorization server 09": {"TestAZ22_OtherResources"},
	"authorization server 10": {"TestAZ14_PKCEIsRequired", "TestTK01_ValidReplayKillsWhatWasIssued"},
	"authorization server 11": {"TestTK26_HeadersOfAnswers"},
	"authorization server 12": {"TestTK14_BasicThatIsNone"},
	"authorization server 13": {"TestTK31_ASignedAssertionIsTaken", "TestTK31_AssertionsThatAreRefused"},
	"authorization server 14": {"TestIDJAGThroughTheTestIdentityProvider", "TestIDJAGsThatAreRefused"},
	"authorization server 15": {"TestRFC7523AWorkloadNeedsNoRegistration"},
	"authorization server 16": {"TestRFC9449BindingMayBeRequired", "TestRFC9449ACodeMayBeForAKey"},
	"authorization server 17": {"TestDV01_Pending", "TestDV02_SlowDown", "TestDV03_Expiry", "TestDV04_DenialIsFinal"},
}

// TestServerRequirements: whatever holds a line is really there.
func TestServerRequirements(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("reads the sources of the whole module, which the native run does")
	}
	var there []string
	err := filepath.WalkDir("server", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		names, err := testNames(path)
		there = append(there, names...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for line, tests := range proven {
		for _, name := range tests {
			if !slices.Contains(there, name) {
				t.Errorf("%s is held by %s, which is not there", line, name)
			}
		}
	}
}
