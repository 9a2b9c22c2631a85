BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005_anchors');
CREATE TABLE anchors (
	question TEXT NOT NULL, 
	release TEXT NOT NULL, 
	frozen_at DATETIME NOT NULL, 
	CONSTRAINT pk_anchors PRIMARY KEY (question)
);
CREATE TABLE approvals (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id TEXT NOT NULL, 
	candidate TEXT NOT NULL, 
	decision TEXT NOT NULL, 
	principal TEXT NOT NULL, 
	comment TEXT NOT NULL, 
	encoder TEXT NOT NULL, 
	release TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	scorecard TEXT NOT NULL, 
	incumbent TEXT NOT NULL, 
	decided_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	signature TEXT NOT NULL, 
	used_at DATETIME, 
	CONSTRAINT uq_approvals_id UNIQUE (id)
);
INSERT INTO "approvals" VALUES(1,'170a8cbb-d6a7-43fa-b0c7-923930d1ec52','39892aa4-f151-431e-9146-c9c101bd7af3','approve','ann','','4b76ddd42b9fb3d6076768868dcdb82ce7ea45ead0048ef70d25da9eed32a546','21fb4b3fedad918ece47ada59ef30fbc5fe58f19479adf1d1397a5ac251fe6d3','24c3c1be7daca0429fa01ed6c49a4371cbcab6a0b66f0624cfd4831b1c879767','9b2b6a00f2a5a97498d94e18f3f62acb0049ca3e1690803c0674227f3ee7af14','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','2026-11-28 08:05:33.275442','2026-11-29 08:05:33.275442','5399e1eab61c8cc9766847e3f06a1e8eec6dbbef6cd341bf73674ad218882d75','2026-11-28 08:05:33.605007');
INSERT INTO "approvals" VALUES(2,'a26d0db1-9ca9-4dbc-9e4a-bb406ab9392f','2eba24b8-dae2-4b5d-834a-c837ff5568ca','reject','ann','not now','4b76ddd42b9fb3d6076768868dcdb82ce7ea45ead0048ef70d25da9eed32a546','1ad19ddadfd08065f8dcf0b03866fcd04666dffb6e6db43b551cef2e56ed4d20','24c3c1be7daca0429fa01ed6c49a4371cbcab6a0b66f0624cfd4831b1c879767','9b2b6a00f2a5a97498d94e18f3f62acb0049ca3e1690803c0674227f3ee7af14','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','2026-11-28 08:05:33.656379','2026-11-29 08:05:33.656379','c469ae07b2d952b9845eff6738c47266aee03afdcdc6b7da3aca5b917d753347',NULL);
CREATE TABLE audit (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	principal TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail JSON NOT NULL
);
INSERT INTO "audit" VALUES(1,'2026-11-28 08:05:33.030048','test','deploy_first','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','{}');
INSERT INTO "audit" VALUES(2,'2026-11-28 08:05:33.162463','terminal','create-key','ixva8jrgpdq1a7fl7s','{"tenant": "default", "name": "first", "roles": ["admin"]}');
INSERT INTO "audit" VALUES(3,'2026-11-28 08:05:33.275442','ann','approve','39892aa4-f151-431e-9146-c9c101bd7af3','{"approval": "170a8cbb-d6a7-43fa-b0c7-923930d1ec52", "verdict": "promote", "override": false, "release": "21fb4b3fedad918ece47ada59ef30fbc5fe58f19479adf1d1397a5ac251fe6d3", "comment": ""}');
INSERT INTO "audit" VALUES(4,'2026-11-28 08:05:33.603561','ann','promote','21fb4b3fedad918ece47ada59ef30fbc5fe58f19479adf1d1397a5ac251fe6d3','{"promotion": "1e943f95-2677-4154-af51-176fcfc89e01", "replaces": "bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7", "approval": "170a8cbb-d6a7-43fa-b0c7-923930d1ec52", "candidate": "39892aa4-f151-431e-9146-c9c101bd7af3"}');
INSERT INTO "audit" VALUES(5,'2026-11-28 08:05:33.650023','ann','rollback','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','{"promotion": "f46ca526-3d6d-43fd-89aa-33e9c7a602fc", "replaces": "21fb4b3fedad918ece47ada59ef30fbc5fe58f19479adf1d1397a5ac251fe6d3", "approval": null, "reason": "to see the way back"}');
INSERT INTO "audit" VALUES(6,'2026-11-28 08:05:33.656379','ann','reject','2eba24b8-dae2-4b5d-834a-c837ff5568ca','{"approval": "a26d0db1-9ca9-4dbc-9e4a-bb406ab9392f", "verdict": "promote", "override": false, "release": "1ad19ddadfd08065f8dcf0b03866fcd04666dffb6e6db43b551cef2e56ed4d20", "comment": "not now"}');
CREATE TABLE candidates (
	id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	encoder TEXT NOT NULL, 
	release TEXT NOT NULL, 
	incumbent TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	training JSON NOT NULL, 
	scorecard JSON NOT NULL, 
	verdict JSON NOT NULL, 
	status TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_candidates PRIMARY KEY (id)
);
INSERT INTO "candidates" VALUES('39892aa4-f151-431e-9146-c9c101bd7af3','default','4b76ddd42b9fb3d6076768868dcdb82ce7ea45ead0048ef70d25da9eed32a546','21fb4b3fedad918ece47ada59ef30fbc5fe58f19479adf1d1397a5ac251fe6d3','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','24c3c1be7daca0429fa01ed6c49a4371cbcab6a0b66f0624cfd4831b1c879767','{"lane": "static", "pairs": 1, "steps": 1, "epochs": 1.0, "seconds": 1.0, "best_dev": 0.5, "history": [{"step": 1.0, "loss": 0.1}], "settings": {}}','{"digest": "9b2b6a00f2a5a97498d94e18f3f62acb0049ca3e1690803c0674227f3ee7af14", "dataset": "24c3c1be7daca0429fa01ed6c49a4371cbcab6a0b66f0624cfd4831b1c879767", "incumbent": "ea0e83398a28a0cc7cb0d27e785a5e5bb8c5be05e4026052ca3ebcbae0b1859b", "candidate": "4b76ddd42b9fb3d6076768868dcdb82ce7ea45ead0048ef70d25da9eed32a546", "questions": 10, "passages": 40, "overall": [{"metric": "recall@10", "incumbent": {"value": 0.5, "low": 0.4, "high": 0.6}, "candidate": {"value": 0.5, "low": 0.4, "high": 0.6}, "difference": {"value": 0.05, "low": 0.03, "high": 0.07, "p_value": 0.001}}], "slices": [], "look": 1, "detectable": null, "costs": null, "concentration": null, "worst": [], "best": []}','{"outcome": "promote", "reasons": ["Because."]}','promoted','2026-11-28 08:05:33.233256');
INSERT INTO "candidates" VALUES('2eba24b8-dae2-4b5d-834a-c837ff5568ca','default','4b76ddd42b9fb3d6076768868dcdb82ce7ea45ead0048ef70d25da9eed32a546','1ad19ddadfd08065f8dcf0b03866fcd04666dffb6e6db43b551cef2e56ed4d20','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','24c3c1be7daca0429fa01ed6c49a4371cbcab6a0b66f0624cfd4831b1c879767','{"lane": "static", "pairs": 1, "steps": 1, "epochs": 1.0, "seconds": 1.0, "best_dev": 0.5, "history": [{"step": 1.0, "loss": 0.1}], "settings": {}}','{"digest": "9b2b6a00f2a5a97498d94e18f3f62acb0049ca3e1690803c0674227f3ee7af14", "dataset": "24c3c1be7daca0429fa01ed6c49a4371cbcab6a0b66f0624cfd4831b1c879767", "incumbent": "ea0e83398a28a0cc7cb0d27e785a5e5bb8c5be05e4026052ca3ebcbae0b1859b", "candidate": "4b76ddd42b9fb3d6076768868dcdb82ce7ea45ead0048ef70d25da9eed32a546", "questions": 10, "passages": 40, "overall": [{"metric": "recall@10", "incumbent": {"value": 0.5, "low": 0.4, "high": 0.6}, "candidate": {"value": 0.5, "low": 0.4, "high": 0.6}, "difference": {"value": 0.05, "low": 0.03, "high": 0.07, "p_value": 0.001}}], "slices": [], "look": 1, "detectable": null, "costs": null, "concentration": null, "worst": [], "best": []}','{"outcome": "promote", "reasons": ["Because."]}','rejected','2026-11-28 08:05:33.655474');
CREATE TABLE change_counter (
	id INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	CONSTRAINT pk_change_counter PRIMARY KEY (id)
);
INSERT INTO "change_counter" VALUES(1,6);
CREATE TABLE changes (
	seq INTEGER NOT NULL, 
	document_id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_changes PRIMARY KEY (seq)
);
INSERT INTO "changes" VALUES(1,'16e50581-6d59-5933-8af3-3ba3bf96e090','default','put','2026-11-28 08:05:32.951642');
INSERT INTO "changes" VALUES(2,'f7e6cbdb-5fb7-5f23-9c6a-81b9248077a8','default','put','2026-11-28 08:05:32.953879');
INSERT INTO "changes" VALUES(3,'ba7b8679-3f4b-5ba6-b7b7-4279c884936c','default','put','2026-11-28 08:05:32.955415');
INSERT INTO "changes" VALUES(4,'7e68cd60-a343-5f35-858f-c82a508a4e11','default','put','2026-11-28 08:05:32.957073');
INSERT INTO "changes" VALUES(5,'e4f03f15-4b7c-5f39-8810-9e7c7c54f3bb','default','put','2026-11-28 08:05:32.958541');
INSERT INTO "changes" VALUES(6,'9489a8a7-92b6-5a2d-9842-230558f1dfbe','default','put','2026-11-28 08:05:32.959940');
CREATE TABLE datasets (
	digest TEXT NOT NULL, 
	manifest JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_datasets PRIMARY KEY (digest)
);
INSERT INTO "datasets" VALUES('24c3c1be7daca0429fa01ed6c49a4371cbcab6a0b66f0624cfd4831b1c879767','{}','2026-11-28 08:05:33.166722');
CREATE TABLE deployment (
	id INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	release TEXT NOT NULL, 
	previous TEXT, 
	staged TEXT, 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT pk_deployment PRIMARY KEY (id), 
	CONSTRAINT fk_deployment_previous FOREIGN KEY(previous) REFERENCES releases (digest), 
	CONSTRAINT fk_deployment_release FOREIGN KEY(release) REFERENCES releases (digest), 
	CONSTRAINT fk_deployment_staged FOREIGN KEY(staged) REFERENCES releases (digest)
);
INSERT INTO "deployment" VALUES(1,3,'bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','21fb4b3fedad918ece47ada59ef30fbc5fe58f19479adf1d1397a5ac251fe6d3',NULL,'2026-11-28 08:05:33.650283');
CREATE TABLE documents (
	id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	uri TEXT NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	content_hash TEXT NOT NULL, 
	divisible BOOLEAN NOT NULL, 
	source TEXT NOT NULL, 
	metadata JSON NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_documents PRIMARY KEY (id), 
	CONSTRAINT uq_documents_tenant_uri UNIQUE (tenant, uri)
);
INSERT INTO "documents" VALUES('16e50581-6d59-5933-8af3-3ba3bf96e090','default','file:///handbook/0','Holiday leave days per year','Section 0 of the handbook, first edition, is about holiday leave days per year. Ask room 0 about holiday leave days per year; form 0 is needed.','f008681e03438e7b547f967e7e20a5bb4d3d7f769002e84fd9c76551cef14625',0,'','{}','2026-11-28 08:05:32.946377');
INSERT INTO "documents" VALUES('f7e6cbdb-5fb7-5f23-9c6a-81b9248077a8','default','file:///handbook/1','Parental leave after birth','Section 1 of the handbook, first edition, is about parental leave after birth. Ask room 7 about parental leave after birth; form 13 is needed.','846e53f4c1047801e716b933db900ffeb394c7cbf36e8d407a17372230fae7c0',0,'','{}','2026-11-28 08:05:32.946402');
INSERT INTO "documents" VALUES('ba7b8679-3f4b-5ba6-b7b7-4279c884936c','default','file:///handbook/2','Travel expenses and receipts','Section 2 of the handbook, first edition, is about travel expenses and receipts. Ask room 14 about travel expenses and receipts; form 26 is needed.','6f1e9080e6146074cab9a695a0b3428b53f749ae25a78125c9e1fc7145bc1a6b',0,'','{}','2026-11-28 08:05:32.946420');
INSERT INTO "documents" VALUES('7e68cd60-a343-5f35-858f-c82a508a4e11','default','file:///handbook/3','Laptop and phone replacement','Section 3 of the handbook, first edition, is about laptop and phone replacement. Ask room 21 about laptop and phone replacement; form 39 is needed.','26bd400c5fb6475050173d52a42272e9790be02fd6700d1f537311327bd19b8e',0,'','{}','2026-11-28 08:05:32.946433');
INSERT INTO "documents" VALUES('e4f03f15-4b7c-5f39-8810-9e7c7c54f3bb','default','file:///handbook/4','Password reset and two factor login','Section 4 of the handbook, first edition, is about password reset and two factor login. Ask room 28 about password reset and two factor login; form 52 is needed.','d37defc511304b2b71c74c6424baa6d0d15acc392d2689251a522cb9aa63e276',0,'','{}','2026-11-28 08:05:32.946445');
INSERT INTO "documents" VALUES('9489a8a7-92b6-5a2d-9842-230558f1dfbe','default','file:///handbook/5','Office badge lost or stolen','Section 5 of the handbook, first edition, is about office badge lost or stolen. Ask room 35 about office badge lost or stolen; form 65 is needed.','d82faa3fb90a95c747c7cb573446348377625d3d5b403c61e6837ba6e34a8711',0,'','{}','2026-11-28 08:05:32.946456');
CREATE TABLE drift_reports (
	id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	findings JSON NOT NULL, 
	encoder TEXT NOT NULL, 
	release TEXT NOT NULL, 
	reference JSON NOT NULL, 
	current JSON NOT NULL, 
	snapshot TEXT NOT NULL, 
	golden_recall JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_drift_reports PRIMARY KEY (id)
);
INSERT INTO "drift_reports" VALUES('dddddddddddddddddddddddddddddddd','default','calm','[{"name": "golden_recall@10", "statistic": null, "threshold": null, "p_value": null, "reference": null, "current": 1.0, "reference_count": 0, "current_count": 1, "verdict": "calm", "reason": "Recall on 1 golden questions is 100.0%; later checks compare with it."}]','ea0e83398a28a0cc7cb0d27e785a5e5bb8c5be05e4026052ca3ebcbae0b1859b','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','{"name": "reference", "since": null, "until": null, "count": 0}','{"name": "current", "since": null, "until": null, "count": 1}','','{"qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq": 1.0}','2026-11-28 08:05:33.691626');
CREATE TABLE feedback (
	id TEXT NOT NULL, 
	interaction_id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	principal TEXT NOT NULL, 
	given_at DATETIME NOT NULL, 
	rating INTEGER, 
	clicked_passage TEXT, 
	corrected_passage TEXT, 
	comment TEXT NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (id), 
	CONSTRAINT fk_feedback_interaction_id FOREIGN KEY(interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);
INSERT INTO "feedback" VALUES('ffffffffffffffffffffffffffffffff','iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii','default','local','2026-11-28 08:05:33.689020',-1,NULL,'a3e3a32a-ca2f-5f8a-9015-e48e56322aa2','');
CREATE TABLE gate_looks (
	gate TEXT NOT NULL, 
	candidate TEXT NOT NULL, 
	incumbent TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_gate_looks PRIMARY KEY (gate, candidate, incumbent)
);
CREATE TABLE index_cursors (
	index_name TEXT NOT NULL, 
	seq INTEGER, 
	backfill TEXT, 
	CONSTRAINT pk_index_cursors PRIMARY KEY (index_name)
);
INSERT INTO "index_cursors" VALUES('whetstone-bc424bff48c66647',6,NULL);
INSERT INTO "index_cursors" VALUES('whetstone-21fb4b3fedad918e',6,NULL);
CREATE TABLE ingestions (
	id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	principal TEXT NOT NULL, 
	uri TEXT NOT NULL, 
	filename TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	received_at DATETIME NOT NULL, 
	title TEXT NOT NULL, 
	metadata JSON NOT NULL, 
	status TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	documents JSON NOT NULL, 
	attempts INTEGER NOT NULL, 
	change INTEGER NOT NULL, 
	parsed_at DATETIME, 
	indexed_at DATETIME, 
	payload BLOB, 
	CONSTRAINT pk_ingestions PRIMARY KEY (id)
);
CREATE TABLE interactions (
	id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	principal TEXT NOT NULL, 
	asked_at DATETIME NOT NULL, 
	question TEXT NOT NULL, 
	hits JSON NOT NULL, 
	answer TEXT NOT NULL, 
	cited JSON NOT NULL, 
	release TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	generator TEXT NOT NULL, 
	status TEXT NOT NULL, 
	error TEXT NOT NULL, 
	retrieve_ms FLOAT NOT NULL, 
	generate_ms FLOAT NOT NULL, 
	total_ms FLOAT NOT NULL, rewritten TEXT DEFAULT '' NOT NULL, auxiliary BOOLEAN DEFAULT 0 NOT NULL, degraded BOOLEAN DEFAULT 0 NOT NULL, prompt_tokens INTEGER DEFAULT '0' NOT NULL, completion_tokens INTEGER DEFAULT '0' NOT NULL, embed_ms FLOAT DEFAULT '0' NOT NULL, search_ms FLOAT DEFAULT '0' NOT NULL, first_token_ms FLOAT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_interactions PRIMARY KEY (id)
);
INSERT INTO "interactions" VALUES('iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii','default','local','2026-11-28 08:05:33.686881','What is the rule for holiday leave days per year?','[{"passage_id": "afcd8533-f48e-557d-ab09-48d517bdb759", "document_id": "16e50581-6d59-5933-8af3-3ba3bf96e090", "rank": 1, "score": 0.5}, {"passage_id": "a3e3a32a-ca2f-5f8a-9015-e48e56322aa2", "document_id": "7e68cd60-a343-5f35-858f-c82a508a4e11", "rank": 2, "score": 0.5}]','See [1].','["afcd8533-f48e-557d-ab09-48d517bdb759"]','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7',3,'extractive','answered','',0.0,0.0,12.5,'',0,0,0,0,0.0,0.0,0.0);
CREATE TABLE keys (
	id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	name TEXT NOT NULL, 
	roles JSON NOT NULL, 
	secret_hmac TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	created_by TEXT NOT NULL, 
	expires_at DATETIME, 
	revoked_at DATETIME, 
	requests_per_minute INTEGER, 
	concurrent INTEGER, 
	CONSTRAINT pk_keys PRIMARY KEY (id)
);
INSERT INTO "keys" VALUES('ixva8jrgpdq1a7fl7s','default','first','["admin"]','edfef9901f6973e14c6c4f0532b23de0e0230235fb83039cc819a8a920b7d3ac','2026-11-28 08:05:33.162463','terminal',NULL,NULL,NULL,NULL);
CREATE TABLE leases (
	name TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	token INTEGER NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('promotion','vm:19570:de63a9df',1,'2026-11-28 08:05:33.607395');
INSERT INTO "leases" VALUES('rollback','vm:19570:fd447f69',2,'2026-11-28 08:05:33.651786');
CREATE TABLE passages (
	id TEXT NOT NULL, 
	chunking TEXT NOT NULL, 
	document_id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	uri TEXT NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	text_hash TEXT NOT NULL, metadata JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_passages PRIMARY KEY (id, chunking), 
	CONSTRAINT fk_passages_document_id FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
INSERT INTO "passages" VALUES('afcd8533-f48e-557d-ab09-48d517bdb759','7bfb2121e98ec06d31ac7b92047e2ffdca238dc5d2edda14ec53425019cd8728','16e50581-6d59-5933-8af3-3ba3bf96e090','default',0,'file:///handbook/0','Holiday leave days per year','Section 0 of the handbook, first edition, is about holiday leave days per year. Ask room 0 about holiday leave days per year; form 0 is needed.','ea3a31e847a22e7190dfc5d85ce3f257f3d75bdf232e189cc927b143322b9958','{}');
INSERT INTO "passages" VALUES('23831618-8c3b-5e76-b6aa-910624a7dfd2','7bfb2121e98ec06d31ac7b92047e2ffdca238dc5d2edda14ec53425019cd8728','f7e6cbdb-5fb7-5f23-9c6a-81b9248077a8','default',0,'file:///handbook/1','Parental leave after birth','Section 1 of the handbook, first edition, is about parental leave after birth. Ask room 7 about parental leave after birth; form 13 is needed.','0a0f0494be057e648039772c9a09494d2b77673a683088ccb1d8abc67bc6004c','{}');
INSERT INTO "passages" VALUES('92226193-5d69-56b1-bed7-4f64aa4d9210','7bfb2121e98ec06d31ac7b92047e2ffdca238dc5d2edda14ec53425019cd8728','ba7b8679-3f4b-5ba6-b7b7-4279c884936c','default',0,'file:///handbook/2','Travel expenses and receipts','Section 2 of the handbook, first edition, is about travel expenses and receipts. Ask room 14 about travel expenses and receipts; form 26 is needed.','81afd574047547de30dffbc19564d805b8110053830a222481d2031c6da5e444','{}');
INSERT INTO "passages" VALUES('a3e3a32a-ca2f-5f8a-9015-e48e56322aa2','7bfb2121e98ec06d31ac7b92047e2ffdca238dc5d2edda14ec53425019cd8728','7e68cd60-a343-5f35-858f-c82a508a4e11','default',0,'file:///handbook/3','Laptop and phone replacement','Section 3 of the handbook, first edition, is about laptop and phone replacement. Ask room 21 about laptop and phone replacement; form 39 is needed.','a1cb310a0ba41388c822166954da562965d9eac6dad55a8081e1955960309718','{}');
INSERT INTO "passages" VALUES('aaef76d5-893b-51d9-82fc-772131d3afd9','7bfb2121e98ec06d31ac7b92047e2ffdca238dc5d2edda14ec53425019cd8728','e4f03f15-4b7c-5f39-8810-9e7c7c54f3bb','default',0,'file:///handbook/4','Password reset and two factor login','Section 4 of the handbook, first edition, is about password reset and two factor login. Ask room 28 about password reset and two factor login; form 52 is needed.','2de3890d9af76db8fddacfd6141d5d5d7d697c1ae7af9727fe93d1ecf176b9d3','{}');
INSERT INTO "passages" VALUES('9a1e5447-5b1a-56d5-b2cd-95a3c8b19ada','7bfb2121e98ec06d31ac7b92047e2ffdca238dc5d2edda14ec53425019cd8728','9489a8a7-92b6-5a2d-9842-230558f1dfbe','default',0,'file:///handbook/5','Office badge lost or stolen','Section 5 of the handbook, first edition, is about office badge lost or stolen. Ask room 35 about office badge lost or stolen; form 65 is needed.','407ff17ed1029578d5a92625a1260f32b42c5da9bf52f8fc0c41e0baa6934783','{}');
CREATE TABLE promotions (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	release TEXT NOT NULL, 
	candidate TEXT, 
	principal TEXT NOT NULL, 
	phase TEXT NOT NULL, 
	done INTEGER NOT NULL, 
	total INTEGER NOT NULL, 
	message TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_promotions PRIMARY KEY (id)
);
INSERT INTO "promotions" VALUES('1e943f95-2677-4154-af51-176fcfc89e01','promote','21fb4b3fedad918ece47ada59ef30fbc5fe58f19479adf1d1397a5ac251fe6d3','39892aa4-f151-431e-9146-c9c101bd7af3','ann','done',6,6,'','2026-11-28 08:05:33.282782','2026-11-28 08:05:33.606275');
INSERT INTO "promotions" VALUES('f46ca526-3d6d-43fd-89aa-33e9c7a602fc','rollback','bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7',NULL,'ann','done',0,0,'to see the way back','2026-11-28 08:05:33.609190','2026-11-28 08:05:33.650863');
CREATE TABLE questions (
	id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	text TEXT NOT NULL, 
	documents JSON NOT NULL, 
	purpose TEXT NOT NULL, 
	source TEXT NOT NULL, 
	CONSTRAINT pk_questions PRIMARY KEY (id)
);
INSERT INTO "questions" VALUES('qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq','default','What is the rule for parental leave after birth?','["7e68cd60-a343-5f35-858f-c82a508a4e11"]','golden','');
CREATE TABLE releases (
	digest TEXT NOT NULL, 
	encoder TEXT NOT NULL, 
	chunking JSON NOT NULL, 
	retrieval JSON NOT NULL, 
	dimension INTEGER NOT NULL, 
	distance TEXT NOT NULL, 
	created_at DATETIME NOT NULL, adapts TEXT, shares TEXT, 
	CONSTRAINT pk_releases PRIMARY KEY (digest)
);
INSERT INTO "releases" VALUES('bc424bff48c66647044f52931c805b5a7daeca3af8ce2cf2a478c0c4b049acc7','ea0e83398a28a0cc7cb0d27e785a5e5bb8c5be05e4026052ca3ebcbae0b1859b','{"max_tokens": 220, "overlap_tokens": 30}','{"top_k": 5, "threshold": 0.4, "dense_weight": 0.8, "context_weight": 0.3, "neighbours": 0, "context_tokens": 3000, "language": "english", "bm25_k1": 1.5, "bm25_b": 0.75, "bm25_length": 120.0, "reranker": null, "rerank_depth": 20}',384,'cosine','2026-11-28 08:05:33.026795',NULL,NULL);
INSERT INTO "releases" VALUES('21fb4b3fedad918ece47ada59ef30fbc5fe58f19479adf1d1397a5ac251fe6d3','4b76ddd42b9fb3d6076768868dcdb82ce7ea45ead0048ef70d25da9eed32a546','{"max_tokens": 220, "overlap_tokens": 30}','{"top_k": 5, "threshold": 0.4, "dense_weight": 0.8, "context_weight": 0.3, "neighbours": 0, "context_tokens": 3000, "language": "english", "bm25_k1": 1.5, "bm25_b": 0.75, "bm25_length": 120.0, "reranker": null, "rerank_depth": 20}',384,'cosine','2026-11-28 08:05:33.228254',NULL,NULL);
INSERT INTO "releases" VALUES('1ad19ddadfd08065f8dcf0b03866fcd04666dffb6e6db43b551cef2e56ed4d20','4b76ddd42b9fb3d6076768868dcdb82ce7ea45ead0048ef70d25da9eed32a546','{"max_tokens": 220, "overlap_tokens": 30}','{"top_k": 7, "threshold": 0.4, "dense_weight": 0.8, "context_weight": 0.3, "neighbours": 0, "context_tokens": 3000, "language": "english", "bm25_k1": 1.5, "bm25_b": 0.75, "bm25_length": 120.0, "reranker": null, "rerank_depth": 20}',384,'cosine','2026-11-28 08:05:33.654324',NULL,NULL);
CREATE TABLE replicas (
	id TEXT NOT NULL, 
	heartbeat_at DATETIME NOT NULL, 
	epoch INTEGER NOT NULL, 
	ready JSON NOT NULL, 
	CONSTRAINT pk_replicas PRIMARY KEY (id)
);
CREATE INDEX ix_approvals_candidate_number ON approvals (candidate, number);
CREATE INDEX ix_candidates_created_at ON candidates (created_at);
CREATE INDEX ix_documents_tenant_id ON documents (tenant, id);
CREATE INDEX ix_drift_reports_created_at ON drift_reports (created_at);
CREATE INDEX ix_drift_reports_tenant_created_at ON drift_reports (tenant, created_at);
CREATE INDEX ix_interactions_asked_at_id ON interactions (asked_at, id);
CREATE INDEX ix_interactions_tenant_asked_at_id ON interactions (tenant, asked_at, id);
CREATE INDEX ix_promotions_started_at ON promotions (started_at);
CREATE INDEX ix_questions_tenant_purpose_id ON questions (tenant, purpose, id);
CREATE INDEX ix_feedback_interaction_id_given_at ON feedback (interaction_id, given_at);
CREATE INDEX ix_passages_chunking ON passages (chunking);
CREATE INDEX ix_passages_document_id_position ON passages (document_id, position);
CREATE INDEX ix_passages_tenant_id ON passages (tenant, id);
CREATE INDEX ix_keys_tenant_created_at ON keys (tenant, created_at);
CREATE INDEX ix_ingestions_tenant_received_at_id ON ingestions (tenant, received_at, id);
CREATE INDEX ix_ingestions_status_received_at ON ingestions (status, received_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('audit',6);
INSERT INTO "sqlite_sequence" VALUES('approvals',2);
COMMIT;
