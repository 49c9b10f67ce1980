"""Beneficiaries, pairings and visits (`domain.md` §2.3.1–2.3.3)."""

from flask_babel import lazy_gettext as _

from portal.core.ledger import Derived, Files, Ledger, Rows, Section, Status
from portal.core.parts import ARCHIVED, DRAFT, PENDING_UNIT, RETURNED, VOIDED
from portal.core.rules import for_own_unit
from portal.ledgers.assistance import rules, stats, workflow
from portal.ledgers.assistance.model import Beneficiary, Pairing, Visit

GROUP = _("Pairing assistance and visits")

beneficiaries = Ledger(
    name="beneficiaries",
    label=_("Beneficiaries"),
    one=_("Beneficiary"),
    group=GROUP,
    icon="id-badge-2",
    model=Beneficiary,
    columns=("beneficiary_no", "name_enc", "target_type", "community_id", "owner_unit_id", "review_on", "status"),
    filters=("status", "target_type", "owner_unit_id", "community_id", "need_types", "review_on", "gaps"),
    exported=("called", "target_type", "community_id", "need_types", "review_on", "status", "remark"),
    sections=(
        Section(_("Person"), ("owner_unit_id", "target_type", "name_enc", "gender", "age_band", "phone_enc", "called")),
        Section(_("Household"), ("community_id", "town_id", "address_enc", "same_household_id")),
        Section(_("Circumstances"), ("hardship_types", "need_types", "info_source")),
        Section(_("Notice and consent"), ("consent_status", "consent_on", "review_on", "remark")),
    ),
    statuses={
        "draft": DRAFT,
        "pending_unit": PENDING_UNIT,
        "returned": RETURNED,
        "active": Status(_("On the list"), "ok"),
        "terminated": Status(_("Left the list"), "end"),
        "archived": ARCHIVED,
        "voided": VOIDED,
    },
    derived={
        "review_due": Derived(
            Status(_("To be looked at again"), "warn"),
            ("active",),
            stats.review_due,
            stats.is_review_due,
            needs=("review_on",),
        )
    },
    figures=stats.BENEFICIARY_FIGURES,
    needed=rules.needed,
    rules=(for_own_unit, rules.circumstances),
    last_rules=(rules.one_record, rules.perhaps_the_same),
    derive=rules.register,
    activate=rules.share_household,
    moves=workflow.BENEFICIARY_MOVES,
    to_activate=("consent_status",),
    identity=("owner_unit_id", "name_enc", "community_id"),
    essential=("name_enc",),
    bulk=("delete_selected",),
)

pairings = Ledger(
    name="pairings",
    label=_("Pairings"),
    one=_("Pairing"),
    group=GROUP,
    icon="heart-handshake",
    model=Pairing,
    prefix="JD",
    columns=(
        *("record_no", "helper_member_id", "beneficiary_id", "owner_unit_id", "start_on", "end_on", "visit_freq"),
        "status",
    ),
    filters=(
        *("status", "pair_type", "owner_unit_id", "beneficiary_id", "visit_freq", "measures", "start_on", "end_on"),
        "gaps",
    ),
    exported=(
        *("record_no", "office_no", "helper_member_id", "owner_unit_id", "beneficiary_id", "pair_type", "start_on"),
        *("end_on", "measures", "measures_note", "visit_freq", "status", "remark"),
    ),
    sections=(
        Section(_("Pairing"), ("owner_unit_id", "pair_type", "helper_member_id", "helper_org_id", "beneficiary_id")),
        Section(_("What is done"), ("start_on", "end_on", "measures", "measures_note", "visit_freq")),
        Section(_("Filing"), ("office_no", "remark")),
    ),
    statuses={
        "draft": DRAFT,
        "pending_unit": PENDING_UNIT,
        "returned": RETURNED,
        "active": Status(_("Paired"), "ok"),
        "terminated": Status(_("Ended"), "end"),
        "archived": ARCHIVED,
        "voided": VOIDED,
    },
    derived={
        "expired": Derived(Status(_("Run out"), "warn"), ("active",), stats.expired, stats.is_expired, ("end_on",)),
        "expiring": Derived(Status(_("Runs out soon"), "warn"), ("active",), stats.expiring),
        "running": Derived(Status(_("Paired and not run out"), "ok"), ("active",), stats.unexpired),
        "unvisited": Derived(Status(_("Visit overdue"), "warn"), ("active",), stats.unvisited),
    },
    figures=stats.PAIRING_FIGURES,
    rules=(for_own_unit, rules.pairing_rules),
    derive=rules.of_the_pair,
    files=(Files("attachments", _("Attachments")),),
    moves=workflow.PAIRING_MOVES,
    tier=2,
    leads_to={"visits": {"beneficiary_id": "beneficiary_id", "participant_ids": "helper_member_id"}},
    tells_of={"beneficiary_id": "beneficiaries"},
    imports={
        "office_no": ("编号", "结对编号", "原编号"),
        "helper_member_id": (
            "帮扶人",
            "帮扶党员",
            "结对党员",
            "帮扶干部",
            "帮扶责任人",
            "党员姓名",
            "责任人",
            "联系人",
        ),
        "owner_unit_id": (
            *("所在单位", "帮扶单位", "单位", "单位名称", "责任单位", "填报单位", "党员所在单位"),
            *("工作单位", "帮扶人单位"),
        ),
        "helper_org_id": ("帮扶党支部", "帮扶支部", "党支部", "所在党组织", "所在党支部"),
        "beneficiary_id.name_enc": (
            "帮扶对象",
            "结对对象",
            "对象姓名",
            "帮扶对象姓名",
            "姓名",
            "困难群众姓名",
            "受助人",
        ),
        "beneficiary_id.target_type": ("对象类型", "对象类别", "帮扶对象类型", "人员类别", "类别"),
        "beneficiary_id.community_id": ("所在社区", "社区", "对象所在社区", "居住社区", "所属社区", "社区名称"),
        "beneficiary_id.phone_enc": ("联系电话", "对象电话", "联系方式", "电话", "手机", "手机号", "对象联系电话"),
        "beneficiary_id.address_enc": ("家庭住址", "住址", "地址", "详细地址"),
        "beneficiary_id.hardship_types": ("困难类别", "困难类型", "困难情况"),
        "beneficiary_id.need_types": ("主要需求", "帮扶需求", "需求"),
        "start_on": ("结对日期", "结对时间", "帮扶日期", "开始日期", "起始日期"),
        "end_on": ("期满日期", "结束日期", "截止日期", "结束时间"),
        "measures": ("帮扶措施", "措施", "帮扶内容", "帮扶方式"),
        "visit_freq": ("走访频次", "频次", "走访频次要求", "联系频次"),
        "pair_type": ("结对类型", "结对形式"),
        "status": ("状态", "结对状态", "帮扶状态", "是否结束"),
        "remark": ("备注", "说明"),
    },
    towns={"beneficiary_id.community_id": ("所属街镇", "街镇", "所在街镇", "所属街道", "街道", "街道镇")},
    not_taken=("序号", "本期走访次数", "最近走访", "诉求", "填报日期"),
    essential=("helper_member_id", "beneficiary_id.name_enc"),
    assumed={"pair_type": "1"},
    identity=("owner_unit_id", "helper_member_id", "beneficiary_id"),
    status_words={
        "active": ("结对中", "帮扶中", "正常", "在帮", "进行中", "否"),
        "terminated": ("已结束", "结束", "解除", "终止", "期满", "已期满", "是"),
    },
    bulk=("delete_selected",),
)

visits = Ledger(
    name="visits",
    label=_("Visits"),
    one=_("Visit"),
    group=GROUP,
    icon="home",
    model=Visit,
    prefix="ZF",
    order="-visited_on",
    columns=("record_no", "visited_on", "visit_type", "called", "participant_ids", "owner_unit_id", "status"),
    filters=("status", "visit_type", "owner_unit_id", "beneficiary_id", "target_org_id", "visited_on", "satisfaction"),
    exported=(
        *("record_no", "visited_on", "visit_type", "participant_ids", "called", "findings", "satisfaction"),
        *("owner_unit_id", "status", "remark"),
    ),
    sections=(
        Section(
            _("Visit"),
            (
                *("owner_unit_id", "visited_on", "visit_type", "beneficiary_id", "target_org_id", "target_name"),
                *("participant_ids", "findings", "satisfaction", "with_leader", "remark"),
            ),
        ),
    ),
    rows=(
        Rows("aid_items", _("Aid given"), _("Aid"), ("category", "description", "amount", "source", "signed_by")),
        Rows("visit_needs", _("What was asked for"), _("Request"), ("category", "content", "handling")),
    ),
    statuses={
        "draft": DRAFT,
        "pending_unit": PENDING_UNIT,
        "returned": RETURNED,
        "active": Status(_("Submitted"), "ok"),
        "voided": VOIDED,
    },
    figures=stats.VISIT_FIGURES,
    rules=(for_own_unit, rules.visited, rules.visit_again),
    derive=rules.of_the_visit,
    files=(Files("photos", _("Photos"), kinds=("jpg", "jpeg", "png")),),
    moves=workflow.VISIT_MOVES,
    bulk=("delete_selected",),
)
