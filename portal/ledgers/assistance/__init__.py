"""Beneficiaries, pairings and visits (`docs/domain` §2.3.1–2.3.3)."""

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext

from portal.core.declaration.groups import Form, List, Number, Review, Sheet
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import (
    ARCHIVED,
    DRAFT,
    PENDING_UNIT,
    RETURNED,
    VOIDED,
    ChildTable,
    Derived,
    Files,
    Section,
    Status,
)
from portal.core.records.shared_rules import for_own_unit
from portal.ledgers.assistance import figures, rules, workflow
from portal.ledgers.assistance.computed_columns import PAIRING_COLUMNS, VISIT_COLUMNS
from portal.ledgers.assistance.model import Beneficiary, Pairing, Visit

GROUP = _("Pairing assistance and visits")

beneficiaries = Ledger(
    name="beneficiaries",
    label=_("Beneficiaries"),
    one=_("Beneficiary"),
    group=GROUP,
    icon="id-badge-2",
    about=_(
        "One record for each household, person or branch that is helped. Names and numbers are shown masked; "
        "each look at them in full asks for a purpose."
    ),
    model=Beneficiary,
    number=Number(field="beneficiary_no", pattern="B-[2-9A-Z]{5}"),
    form=Form(
        sections=(
            Section(
                _("Person"), ("owner_unit_id", "target_type", "name_enc", "gender", "age_band", "phone_enc", "called")
            ),
            Section(_("Household"), ("community_id", "town_id", "address_enc", "same_household_id")),
            Section(_("Circumstances"), ("hardship_types", "hardship_note", "need_types", "info_source")),
            Section(_("Notice and consent"), ("consent_status", "consent_on", "review_on", "remark")),
        ),
        also_required=rules.needed,
        rules=(for_own_unit, rules.circumstances),
        last_rules=(rules.one_record, rules.perhaps_the_same),
        derive=rules.register,
    ),
    list=List(
        columns=("beneficiary_no", "name_enc", "target_type", "community_id", "owner_unit_id", "review_on", "status"),
        filters=("status", "target_type", "owner_unit_id", "community_id", "need_types", "review_on", "gaps"),
        bulk=("delete_selected",),
    ),
    review=Review(
        transitions=workflow.BENEFICIARY_MOVES,
        statuses={
            "draft": DRAFT,
            "pending_unit": PENDING_UNIT,
            "returned": RETURNED,
            "active": Status(lazy_pgettext("beneficiaries", "On the list"), "ok"),
            "terminated": Status(lazy_pgettext("beneficiaries", "Left the list"), "end"),
            "archived": ARCHIVED,
            "voided": VOIDED,
        },
        effective={
            "review_due": Derived(
                Status(lazy_pgettext("beneficiaries", "To be looked at again"), "warn"),
                ("active",),
                figures.review_due,
                figures.is_review_due,
                needs=("review_on",),
            )
        },
        required_in_force=("consent_status",),
        on_activate=rules.share_household,
    ),
    sheet=Sheet(
        export=(
            *("beneficiary_no", "name_enc", "owner_unit_id", "target_type", "gender", "age_band"),
            *(
                "community_id",
                "need_types",
                "info_source",
                "consent_status",
                "consent_on",
                "review_on",
                "status",
                "remark",
            ),
        ),
        words={
            "beneficiary_no": ("对象编号", "帮扶对象编号"),
            "name_enc": ("姓名", "对象姓名", "帮扶对象姓名", "困难群众姓名", "帮扶对象"),
            "owner_unit_id": ("帮扶单位", "所在单位", "单位", "责任单位", "填报单位"),
            "target_type": ("对象类型", "对象类别", "帮扶对象类型", "人员类别", "类别"),
            "gender": ("性别",),
            "age_band": ("年龄段", "年龄"),
            "phone_enc": ("联系电话", "联系方式", "电话", "手机", "手机号", "对象联系电话"),
            "community_id": ("所在社区", "社区", "居住社区", "所属社区", "社区名称"),
            "address_enc": ("家庭住址", "住址", "地址", "详细地址"),
            "hardship_types": ("困难类别", "困难类型", "困难情况"),
            "hardship_note": ("困难说明", "困难情况说明", "具体困难"),
            "need_types": ("主要需求", "帮扶需求", "需求"),
            "info_source": ("信息来源", "来源"),
            "consent_status": ("告知同意", "同意情况"),
            "consent_on": ("同意日期",),
            "review_on": ("复核日期", "下次复核日期"),
            "terminated_on": ("退出日期", "退出时间", "销号日期", "销号时间"),
            "exit_reason": ("退出原因", "退出情形", "销号原因"),
            "status": ("状态",),
            "remark": ("备注", "说明"),
        },
        ignored=("序号", "填报日期"),
        towns={"community_id": ("所属街镇", "街镇", "所在街镇", "所属街道", "街道", "街道镇")},
        essential=("name_enc",),
        status_words={
            "active": ("在册", "帮扶中", "正常"),
            "terminated": ("已退出", "退出", "销号"),
        },
        preset=("review_on",),
        identity=("owner_unit_id", "name_enc", "community_id"),
    ),
    figures=figures.BENEFICIARY_FIGURES,
)

pairings = Ledger(
    name="pairings",
    label=_("Pairings"),
    one=_("Pairing"),
    group=GROUP,
    icon="heart-handshake",
    about=_(
        "Who helps whom, from when on: one record for each pair of a helper and somebody who is helped. When "
        "it ends, end it; do not delete it."
    ),
    model=Pairing,
    number=Number("JD"),
    fields=PAIRING_COLUMNS,
    form=Form(
        sections=(
            Section(
                _("Pairing"), ("owner_unit_id", "pair_type", "helper_member_id", "helper_org_id", "beneficiary_id")
            ),
            Section(_("What is done"), ("start_on", "end_on", "measures", "measures_note", "visit_freq")),
            Section(_("Filing"), ("office_no", "remark")),
        ),
        files=(Files("attachments", _("Attachments")),),
        rules=(for_own_unit, rules.pairing_rules),
        derive=rules.of_the_pair,
    ),
    list=List(
        columns=(
            *("record_no", "helper_member_id", "beneficiary_id", "owner_unit_id", "start_on", "end_on", "visit_freq"),
            "status",
        ),
        filters=(
            *("status", "pair_type", "owner_unit_id", "beneficiary_id", "visit_freq", "measures", "start_on", "end_on"),
            "gaps",
        ),
        bulk=("delete_selected",),
    ),
    review=Review(
        transitions=workflow.PAIRING_MOVES,
        statuses={
            "draft": DRAFT,
            "pending_unit": PENDING_UNIT,
            "returned": RETURNED,
            "active": Status(lazy_pgettext("pairings", "Paired"), "ok"),
            "terminated": Status(lazy_pgettext("pairings", "Ended"), "end"),
            "archived": ARCHIVED,
            "voided": VOIDED,
        },
        effective={
            "expired": Derived(
                Status(lazy_pgettext("pairings", "Run out"), "warn"),
                ("active",),
                figures.expired,
                figures.is_expired,
                ("end_on",),
            ),
            "expiring": Derived(
                Status(lazy_pgettext("pairings", "Runs out soon"), "warn"), ("active",), figures.expiring
            ),
            "running": Derived(
                Status(lazy_pgettext("pairings", "Paired and not run out"), "ok"), ("active",), figures.unexpired
            ),
            "unvisited": Derived(
                Status(lazy_pgettext("pairings", "Visit overdue"), "warn"), ("active",), figures.unvisited
            ),
        },
        tier=2,
    ),
    sheet=Sheet(
        export=(
            *("record_no", "office_no", "helper_member_id", "helper_org_id", "owner_unit_id", "beneficiary_id"),
            *(
                "beneficiary_type",
                "beneficiary_community",
                "pair_type",
                "start_on",
                "end_on",
                "measures",
                "measures_note",
            ),
            *("visit_freq", "visit_count", "last_visit", "needs_collected", "needs_solved", "status", "remark"),
        ),
        headings=(
            Section(_("Helper"), ("helper_member_id", "helper_org_id", "owner_unit_id")),
            Section(_("Term of the pairing"), ("start_on", "end_on")),
            Section(_("Beneficiary"), ("beneficiary_id", "beneficiary_type", "beneficiary_community")),
            Section(_("What is done"), ("measures", "measures_note", "visit_freq")),
            Section(_("Visits paid"), ("visit_count", "last_visit")),
            Section(_("Requests collected and solved"), ("needs_collected", "needs_solved")),
        ),
        title=_("Ledger of pairing assistance"),
        words={
            "office_no": ("编号", "结对编号", "原编号", "结对帮扶编号"),
            "helper_member_id": (
                *("帮扶人", "帮扶党员", "结对党员", "帮扶干部", "帮扶责任人", "党员姓名", "责任人", "联系人"),
                *("帮扶人姓名", "帮扶党员姓名", "帮扶干部姓名", "帮扶责任人姓名", "结对党员姓名", "结对干部"),
                *("结对帮扶人", "联系党员"),
            ),
            "owner_unit_id": (
                *("所在单位", "帮扶单位", "单位", "单位名称", "责任单位", "填报单位", "党员所在单位", "工作单位"),
                *("帮扶人单位", "所属单位", "帮扶单位名称", "帮扶人所在单位", "帮扶人工作单位", "帮扶责任单位"),
                *("党员单位",),
            ),
            "helper_org_id": (
                *("帮扶党支部", "帮扶支部", "党支部", "所在党组织", "所在党支部", "帮扶党组织", "帮扶人所在党支部"),
                *("帮扶人所在党组织", "所属党支部", "所属党组织", "党组织", "支部"),
            ),
            "beneficiary_id.name_enc": (
                *("帮扶对象", "结对对象", "对象姓名", "帮扶对象姓名", "姓名", "困难群众姓名", "受助人", "结对对象姓名"),
                *("受助人姓名", "困难群众", "困难党员姓名", "困难对象", "困难对象姓名", "被帮扶人", "被帮扶人姓名"),
                *("受帮扶人", "帮扶户", "帮扶户姓名", "户主", "户主姓名", "结对群众"),
            ),
            "beneficiary_id.target_type": (
                *("对象类型", "对象类别", "帮扶对象类型", "人员类别", "类别", "帮扶对象类别", "结对对象类型"),
                *("结对对象类别", "困难对象类型", "类型", "人员类型", "身份类别"),
            ),
            "beneficiary_id.community_id": (
                *("所在社区", "社区", "对象所在社区", "居住社区", "所属社区", "社区名称", "村社区", "社区村"),
                *("对象社区", "帮扶对象所在社区", "居住地社区"),
            ),
            "beneficiary_id.phone_enc": (
                *("联系电话", "对象电话", "联系方式", "电话", "手机", "手机号", "对象联系电话", "帮扶对象电话"),
                *("帮扶对象联系电话", "帮扶对象联系方式", "对象联系方式", "结对对象电话", "结对对象联系电话"),
                *("被帮扶人电话", "受助人电话", "困难群众电话", "困难群众联系电话", "手机号码", "电话号码"),
                *("联系电话号码",),
            ),
            "beneficiary_id.address_enc": (
                *("家庭住址", "住址", "地址", "详细地址", "居住地址", "家庭地址", "现住址", "居住地", "常住地址"),
                *("详细住址",),
            ),
            "beneficiary_id.hardship_types": ("困难类别", "困难类型", "困难情况", "困难原因", "致困原因", "困难种类"),
            "beneficiary_id.need_types": ("主要需求", "帮扶需求", "需求", "需求类型", "需求类别"),
            "start_on": (
                *("结对日期", "结对时间", "帮扶日期", "开始日期", "起始日期", "结对起始日期", "结对起始时间"),
                *("结对开始时间", "结对开始日期", "帮扶开始时间", "帮扶开始日期", "帮扶起始时间", "帮扶时间"),
                *("结对年月", "开始时间", "起始时间"),
            ),
            "end_on": (
                *("期满日期", "结束日期", "截止日期", "结束时间", "期满时间", "结对结束日期", "结对结束时间"),
                *("帮扶结束时间", "帮扶截止日期", "结对截止日期", "截止时间", "到期日期"),
            ),
            "terminated_on": ("终止日期", "终止时间", "解除日期", "解除时间", "结对终止日期", "解除结对日期"),
            "end_reason": ("终止原因", "结束原因", "解除原因", "结对终止原因", "解除结对原因"),
            "measures": (
                *("帮扶措施", "措施", "帮扶内容", "帮扶方式", "帮扶举措", "具体帮扶措施", "主要帮扶措施"),
                *("帮扶措施内容", "主要措施", "帮扶项目"),
            ),
            "visit_freq": (
                *("走访频次", "频次", "走访频次要求", "联系频次", "走访频率", "联系频率", "联系走访频次"),
                *("走访次数要求",),
            ),
            "measures_note": ("措施说明", "帮扶措施说明"),
            "pair_type": ("结对类型", "结对形式"),
            "status": ("状态", "结对状态", "帮扶状态", "是否结束", "结对帮扶状态", "当前状态", "是否期满"),
            "remark": ("备注", "说明", "备注说明", "其他说明", "备注信息"),
        },
        ignored=("序号", "本期走访次数", "最近走访", "诉求", "填报日期"),
        towns={"beneficiary_id.community_id": ("所属街镇", "街镇", "所在街镇", "所属街道", "街道", "街道镇")},
        essential=("helper_member_id", "beneficiary_id.name_enc"),
        status_words={
            "active": ("结对中", "帮扶中", "正常", "在帮", "进行中", "正在结对", "正在帮扶", "已结对", "否"),
            "terminated": ("已结束", "结束", "解除", "已解除", "解除结对", "终止", "期满", "已期满", "是"),
        },
        assumed={"pair_type": "1"},
        identity=("owner_unit_id", "helper_member_id", "beneficiary_id"),
        related={"beneficiary_id": "beneficiaries"},
    ),
    figures=figures.PAIRING_FIGURES,
    leads_to={"visits": {"beneficiary_id": "beneficiary_id", "participant_ids": "helper_member_id"}},
)

visits = Ledger(
    name="visits",
    label=_("Visits"),
    one=_("Visit"),
    group=GROUP,
    icon="home",
    about=_("One record for each visit: who went to whom on which day, what was asked for and what was done about it."),
    model=Visit,
    number=Number("ZF"),
    fields=VISIT_COLUMNS,
    form=Form(
        sections=(
            Section(
                _("Visit"),
                (
                    *("owner_unit_id", "visited_on", "visit_type", "beneficiary_id", "target_org_id", "target_name"),
                    *("participant_ids", "findings", "satisfaction", "with_leader", "remark"),
                ),
            ),
        ),
        tables=(
            ChildTable(
                "aid_items", _("Aid given"), _("Aid"), ("category", "description", "amount", "source", "signed_by")
            ),
            ChildTable("visit_needs", _("What was asked for"), _("Request"), ("category", "content", "handling")),
        ),
        files=(Files("photos", _("Photos"), kinds=("jpg", "jpeg", "png")),),
        copied=("visit_type", "participant_ids"),
        rules=(for_own_unit, rules.visited, rules.visit_again),
        derive=rules.of_the_visit,
    ),
    list=List(
        columns=("record_no", "visited_on", "visit_type", "called", "participant_ids", "owner_unit_id", "status"),
        filters=(
            "status",
            "visit_type",
            "owner_unit_id",
            "beneficiary_id",
            "target_org_id",
            "visited_on",
            "satisfaction",
        ),
        order="-visited_on",
        bulk=("delete_selected",),
    ),
    review=Review(
        transitions=workflow.VISIT_MOVES,
        statuses={
            "draft": DRAFT,
            "pending_unit": PENDING_UNIT,
            "returned": RETURNED,
            "active": Status(lazy_pgettext("visits", "Submitted"), "ok"),
            "voided": VOIDED,
        },
    ),
    sheet=Sheet(
        export=(
            *("record_no", "visited_on", "visit_type", "participant_ids", "beneficiary_id", "target_org_id"),
            *("target_name", "visit_community", "findings", "aid", "aid_source", "needs_handled", "satisfaction"),
            *("owner_unit_id", "status", "remark"),
        ),
        headings=(Section(_("Visited"), ("beneficiary_id", "target_org_id", "target_name")),),
        title=_("Ledger of visits and aid"),
        words={
            "visited_on": (
                "走访日期",
                "走访时间",
                "慰问日期",
                "慰问时间",
                "走访慰问时间",
                "走访慰问日期",
                "日期",
                "时间",
            ),
            "visit_type": ("走访类型", "类型", "走访类别", "走访形式", "走访方式"),
            "owner_unit_id": ("走访单位", "所在单位", "单位", "单位名称", "填报单位", "慰问单位", "责任单位"),
            "participant_ids": (
                *("走访人", "走访人员", "参加人员", "走访党员", "走访干部", "走访人姓名", "慰问人", "慰问人员"),
            ),
            "beneficiary_id": (
                *("走访对象编号", "对象编号", "帮扶对象", "走访对象", "慰问对象", "走访慰问对象", "被走访人"),
                *("走访对象姓名", "慰问对象姓名", "被慰问人"),
            ),
            "target_org_id": ("走访社区", "走访支部", "走访党组织"),
            "target_name": ("走访企业", "走访点位", "企业名称"),
            "findings": ("走访情况", "主要情况", "了解情况", "走访内容", "走访记录", "走访慰问情况"),
            "satisfaction": ("满意度", "评价", "对象评价", "对象满意度", "群众满意度"),
            "status": ("状态",),
            "remark": ("备注", "说明"),
        },
        ignored=("序号", "填报日期"),
        essential=("visited_on",),
        identity=("owner_unit_id", "visited_on", "visit_type", "beneficiary_id"),
    ),
    figures=figures.VISIT_FIGURES,
)
